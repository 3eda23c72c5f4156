// Starts a small real AT Protocol network on loopback: one PLC directory (in memory) and one or more
// PDSes (SQLite files in the data folder), the reference implementations.
//
//   node start.mjs [--plc-port 2582] [--pds-ports 2583,2584] [--data DIR] [--until-stdin-ends]
//                  [--plc-url URL] [--backfill-ms N] [--max-buffer N] [--rate-limits] [--modern-docs]
//
//   --plc-port, --pds-ports   0 takes a free port, so that networks can run beside each other
//   --data DIR                where the PDSes keep their data; otherwise a temporary folder, removed at the end
//   --until-stdin-ends        stop when standard input closes: the network dies with whoever started it
//   --plc-url URL             use a directory that already runs
//   --backfill-ms N           history window of the firehose (default one day)
//   --max-buffer N            events a slow consumer may lag behind (default 500)
//   --rate-limits             turn the PDSes' own rate limits on
//   --modern-docs             DID documents as plc.directory writes them today (Multikey, full ids, 410 for a
//                             tombstone); the npm server writes an older shape
//
// Prints ONE line of JSON on stdout once every port accepts connections:
//   {"plc":"http://localhost:2582","pds":["http://localhost:2583",...],"adminPassword":...,...}
// Stops cleanly on SIGTERM or SIGINT. The directory is in memory: a restart forgets every DID.
import net from 'node:net'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import crypto from 'node:crypto'
import { once } from 'node:events'
import { parseArgs } from 'node:util'

const { values: arg } = parseArgs({
  options: {
    'plc-port': { type: 'string', default: '2582' },
    'pds-ports': { type: 'string', default: '2583,2584' },
    'plc-url': { type: 'string' },
    data: { type: 'string' },
    'until-stdin-ends': { type: 'boolean', default: false },
    'backfill-ms': { type: 'string' },
    'max-buffer': { type: 'string' },
    'rate-limits': { type: 'boolean', default: false },
    'modern-docs': { type: 'boolean', default: false },
  },
})
const t0 = performance.now()

// Both servers call listen(port) with no host, which would bind every interface: pin them to loopback.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  return typeof first === 'number' || /^\d+$/.test(first)
    ? listen.call(this, Number(first), '127.0.0.1', ...rest)
    : listen.call(this, first, ...rest)
}

// Quiet unless asked: the PDS logs only with LOG_ENABLED=true; the PLC server's pino is the same.
process.env.LOG_ENABLED ??= 'false'
const pds = await import('@atproto/pds')
const plc = await import('@did-plc/server')

const data = arg.data ? path.resolve(arg.data) : await fs.mkdtemp(path.join(os.tmpdir(), 'kith-network-'))
const adminPassword = 'kith-network-admin'
const stops = []

// A PDS must know its own port before it is made, so a free one is found by asking for it and letting go of it.
async function freePort() {
  const probe = net.createServer()
  listen.call(probe, 0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}
const portOf = async (text) => Number(text) || freePort()

let plcUrl = arg['plc-url']
if (!plcUrl) {
  const port = await portOf(arg['plc-port'])
  const server = plc.PlcServer.create({ db: plc.Database.mock(), port })
  if (arg['modern-docs']) modernDocs(server)
  await server.start()
  plcUrl = `http://localhost:${port}`
  stops.push(() => server.destroy())
}

function modernDocs(server) {
  const handle = server.app.handle.bind(server.app)
  server.app.handle = async (req, res, next) => {
    const did = /^\/(did:plc:[a-z2-7]{24})$/.exec(req.url)?.[1]
    const op = did && req.method === 'GET' && (await server.ctx.db.lastOpForDid(did))
    if (!op) return handle(req, res, next)
    const send = (status, type, body) => res.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(JSON.stringify(body))
    if (op.type === 'plc_tombstone') return send(410, 'application/json', { message: `DID not available: ${did}` })
    send(200, 'application/did+ld+json', {
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1', 'https://w3id.org/security/suites/secp256k1-2019/v1'],
      id: did,
      alsoKnownAs: op.alsoKnownAs,
      verificationMethod: Object.entries(op.verificationMethods).map(([name, key]) => ({
        id: `${did}#${name}`, type: 'Multikey', controller: did, publicKeyMultibase: key.replace('did:key:', ''),
      })),
      service: Object.entries(op.services).map(([name, s]) => ({ id: `#${name}`, type: s.type, serviceEndpoint: s.endpoint })),
    })
  }
}

// Secrets are kept in the data folder, so that a second start on the same folder is the same PDS.
const keep = async (file) => {
  await fs.mkdir(path.dirname(file), { recursive: true })
  try {
    return await fs.readFile(file, 'utf8')
  } catch {
    const hex = crypto.randomBytes(32).toString('hex')
    await fs.writeFile(file, hex, { mode: 0o600 })
    return hex
  }
}

const urls = []
const handleDomains = []
for (const [i, p] of arg['pds-ports'].split(',').entries()) {
  const port = await portOf(p)
  const dir = path.join(data, `pds${i + 1}`)
  const domain = `.pds${i + 1}.test` // each PDS hands out names under its own suffix
  const env = {
    devMode: true,
    port,
    hostname: 'localhost', // makes the public URL http://localhost:PORT
    serviceDid: `did:web:localhost%3A${port}`,
    dataDirectory: dir,
    blobstoreDiskLocation: path.join(dir, 'blobs'),
    serviceHandleDomains: [domain],
    didPlcUrl: plcUrl,
    didCacheMaxTTL: 1000, // milliseconds: see handle and host moves at once
    didCacheStaleTTL: 500,
    inviteRequired: false,
    disableSsrfProtection: true, // lets it call http://localhost
    adminPassword,
    jwtSecret: await keep(path.join(dir, 'jwt.hex')),
    dpopSecret: await keep(path.join(dir, 'dpop.hex')),
    plcRotationKeyK256PrivateKeyHex: await keep(path.join(dir, 'rotation.hex')),
    rateLimitsEnabled: arg['rate-limits'],
    crawlers: [], // nobody to announce ourselves to
    // no AppView: leave bskyAppViewUrl unset
  }
  if (arg['backfill-ms']) env.repoBackfillLimitMs = Number(arg['backfill-ms'])
  if (arg['max-buffer']) env.maxSubscriptionBuffer = Number(arg['max-buffer'])
  const server = await pds.PDS.create(pds.envToCfg(env), pds.envToSecrets(env))
  await server.start()
  stops.push(() => server.destroy())
  urls.push(`http://localhost:${port}`)
  handleDomains.push(domain)
}

let stopping = false
const stop = async () => {
  if (stopping) return
  stopping = true
  for (const f of stops.reverse()) await f()
  if (!arg.data) await fs.rm(data, { recursive: true, force: true })
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
if (arg['until-stdin-ends']) process.stdin.on('end', stop).on('error', stop).resume()

console.log(JSON.stringify({
  plc: plcUrl, pds: urls, handleDomains, adminPassword, data, pid: process.pid,
  startMs: Math.round(performance.now() - t0),
}))
