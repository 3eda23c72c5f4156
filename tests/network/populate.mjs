// Fills a running network with accounts and social events, and writes down what is true afterwards.
//
//   node populate.mjs --net run/net.json --out truth.json [--accounts 40] [--seed 7] [--actions 700]
//
// Every choice comes from --seed; DIDs, keys, CIDs and record keys differ from run to run.
// At the end, what the script believes is compared with listRecords for every collection of every
// account that the PDS still serves; a difference is a failure (exit 1).
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { Secp256k1Keypair } from '@atproto/crypto'
import plcLib from '@did-plc/lib'
import { xrpc, rng, pool } from './lib.mjs'

const { values: arg } = parseArgs({
  options: {
    net: { type: 'string', default: 'run/net.json' }, out: { type: 'string', default: 'truth.json' },
    accounts: { type: 'string', default: '40' }, seed: { type: 'string', default: '7' },
    actions: { type: 'string', default: '700' },
  },
})
const net = JSON.parse(fs.readFileSync(arg.net, 'utf8'))
const R = rng(Number(arg.seed))
const N = Number(arg.accounts)
const started = Date.now()

// ---- what we believe ----------------------------------------------------------------------------
const live = new Map() // uri -> {uri, cid, collection, author, subject?, value}
const gone = [] // the same, with `how`: unlike | unfollow | replaced | accountDeleted | ...
const accounts = [] // {did, handle, formerHandles, pds, status, ...}
const notes = [] // the odd things worth a test of their own
const subjectOf = (v) => (typeof v.subject === 'object' && v.subject ? v.subject.uri : v.subject)
const put = (uri, cid, collection, author, value) => live.set(uri, { uri, cid, collection, author, subject: subjectOf(value), value })
const drop = (uri, how) => {
  const r = live.get(uri)
  if (!r) throw new Error(`${uri} is not live`)
  live.delete(uri)
  gone.push({ ...r, how })
}
const of = (collection, author) => [...live.values()].filter((r) => r.collection === collection && (!author || r.author === author.did))
const t = (name) => `app.bsky.${name}`
const now = () => new Date().toISOString()
const FOLLOW = t('graph.follow'), LIKE = t('feed.like'), REPOST = t('feed.repost'), POST = t('feed.post'), BLOCK = t('graph.block')
const UNIQUE = [FOLLOW, LIKE, REPOST, BLOCK]

// ---- writing ------------------------------------------------------------------------------------
const call = (a, nsid, o = {}) => xrpc(a.pds, nsid, { token: a.jwt, ...o })
async function create(a, collection, value, { rkey, validate } = {}) {
  // A second follow, like, repost or block of one subject: the PDS deletes the first in the same commit.
  const replaced = UNIQUE.includes(collection) && validate !== false
    ? of(collection, a).filter((r) => r.subject === subjectOf(value)).map((r) => r.uri) : []
  const r = await call(a, 'com.atproto.repo.createRecord', { body: { repo: a.did, collection, rkey, validate, record: { $type: collection, ...value } } })
  put(r.uri, r.cid, collection, a.did, value)
  for (const uri of replaced) drop(uri, 'replaced')
  return r
}
async function overwrite(a, collection, rkey, value) {
  const r = await call(a, 'com.atproto.repo.putRecord', { body: { repo: a.did, collection, rkey, record: { $type: collection, ...value } } })
  if (live.has(r.uri)) gone.push({ ...live.get(r.uri), how: 'overwritten' })
  put(r.uri, r.cid, collection, a.did, value)
  return r
}
async function remove(a, uri, how) {
  const [, , , collection, rkey] = uri.split('/')
  await call(a, 'com.atproto.repo.deleteRecord', { body: { repo: a.did, collection, rkey } })
  drop(uri, how)
}
// A batch: creates [{collection, value}], updates [{uri, value}], deletes [{uri, how}], in ONE commit.
async function batch(a, creates, updates = [], deletes = []) {
  const at = (uri) => ({ collection: uri.split('/')[3], rkey: uri.split('/')[4] })
  const writes = [
    ...creates.map((c) => ({ $type: 'com.atproto.repo.applyWrites#create', collection: c.collection, rkey: c.rkey, value: { $type: c.collection, ...c.value } })),
    ...updates.map((u) => ({ $type: 'com.atproto.repo.applyWrites#update', ...at(u.uri), value: { $type: at(u.uri).collection, ...u.value } })),
    ...deletes.map((d) => ({ $type: 'com.atproto.repo.applyWrites#delete', ...at(d.uri) })),
  ]
  const { results } = await call(a, 'com.atproto.repo.applyWrites', { body: { repo: a.did, writes } })
  creates.forEach((c, i) => put(results[i].uri, results[i].cid, c.collection, a.did, c.value))
  updates.forEach((u, i) => {
    const old = live.get(u.uri)
    gone.push({ ...old, how: 'overwritten' })
    put(u.uri, results[creates.length + i].cid, old.collection, a.did, u.value)
  })
  deletes.forEach((d) => drop(d.uri, d.how))
}
const followValue = (did) => ({ subject: did, createdAt: now() })
const likeValue = (r) => ({ subject: { uri: r.uri, cid: r.cid }, createdAt: now() })
const postValue = (text, extra) => ({ text, createdAt: now(), langs: ['en'], ...extra })

// ---- 1. accounts: three quarters on the first PDS, the rest on the second -------------------------
const guard = await Secp256k1Keypair.create({ exportable: true }) // our own rotation key, used for the host move
async function signUp(i) {
  const host = i % 4 === 3 && net.pds.length > 1 ? 1 : 0
  const handle = `user${String(i).padStart(3, '0')}${net.handleDomains[host]}`
  const password = `pw-${i}`
  const r = await xrpc(net.pds[host], 'com.atproto.server.createAccount', {
    body: { handle, email: `user${i}@mail.example.com`, password, recoveryKey: guard.did() },
  })
  return { i, did: r.did, handle, formerHandles: [], pds: net.pds[host], status: 'active', password, jwt: r.accessJwt }
}
await pool(Array.from({ length: N }, (_, i) => i), 4, async (i) => { accounts[i] = await signUp(i) })
const tSignUp = Date.now()

// ---- 2. profiles, follows, posts ------------------------------------------------------------------
await pool(accounts, 4, (a) => overwrite(a, t('actor.profile'), 'self', { displayName: `User ${a.i} ✨`, description: 'made by populate.mjs' }))
const avatar = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f0003860180a9d5d2a20000000049454e44ae426082', 'hex')
const blob = (await call(accounts[0], 'com.atproto.repo.uploadBlob', { body: new Uint8Array(avatar), type: 'image/png' })).blob
await overwrite(accounts[0], t('actor.profile'), 'self', { displayName: 'User 0 with a face', avatar: blob })

// Who is followed more: low numbers. Half sign up their follows in one batch, half one by one.
for (const a of accounts) {
  const wanted = new Set()
  const n = 2 + R.int(10)
  for (let k = 0; k < n; k++) {
    const b = accounts[Math.floor(R.next() * R.next() * N)]
    if (b !== a) wanted.add(b.did)
  }
  a.firstFollows = [...wanted]
}
await pool(accounts, 4, async (a) => {
  if (a.i % 2) for (const did of a.firstFollows) await create(a, FOLLOW, followValue(did))
  else await batch(a, a.firstFollows.map((did) => ({ collection: FOLLOW, value: followValue(did) })))
})
await pool(accounts, 4, async (a) => {
  for (let k = 0; k < 2; k++) await create(a, POST, postValue(`post ${k} of user ${a.i}: naïve café 日本語 🦋`))
})

// ---- 3. a random stretch of ordinary life -----------------------------------------------------------
const posts = () => of(POST)
const dice = [
  [36, async (a) => { const p = R.pick(posts()); if (!of(LIKE, a).some((l) => l.subject === p.uri)) await create(a, LIKE, likeValue(p)) }],
  [14, async (a) => { const b = R.pick(accounts); if (a !== b && !of(FOLLOW, a).some((f) => f.subject === b.did)) await create(a, FOLLOW, followValue(b.did)) }],
  [12, async (a) => { await create(a, POST, postValue(`thought ${R.int(1e6)} of ${a.handle}`)) }],
  [8, async (a) => { const p = R.pick(posts()); const ref = { uri: p.uri, cid: p.cid }; await create(a, POST, postValue('a reply', { reply: { root: p.value.reply?.root ?? ref, parent: ref } })) }],
  [8, async (a) => { const p = R.pick(posts()); if (!of(REPOST, a).some((l) => l.subject === p.uri)) await create(a, REPOST, likeValue(p)) }],
  [8, async (a) => { const l = R.pick(of(LIKE, a)); if (l) await remove(a, l.uri, 'unlike') }],
  [6, async (a) => { const f = R.pick(of(FOLLOW, a)); if (f) await remove(a, f.uri, 'unfollow') }],
  [2, async (a) => { const r = R.pick(of(REPOST, a)); if (r) await remove(a, r.uri, 'unrepost') }],
  [2, async (a) => { const p = R.pick(of(POST, a)); if (p) await remove(a, p.uri, 'deletePost') }],
  [2, async (a) => { const b = R.pick(accounts); if (a !== b && !of(BLOCK, a).some((x) => x.subject === b.did)) await create(a, BLOCK, followValue(b.did)) }],
  [2, async (a) => { await overwrite(a, t('actor.profile'), 'self', { displayName: `User ${a.i} v${R.int(99)}` }) }],
]
const total = dice.reduce((s, d) => s + d[0], 0)
for (let k = 0; k < Number(arg.actions); k++) {
  let roll = R.int(total)
  const act = dice.find(([w]) => (roll -= w) < 0)[1]
  await act(R.pick(accounts))
}

// ---- 4. the odd cases --------------------------------------------------------------------------------
const A = (i) => accounts[i]
const note = (what, more) => notes.push({ what, ...more })
{ // one commit with very many operations (the PDS takes 200 at most)
  const a = A(1), targets = posts().slice(0, 100), has = new Set(of(LIKE, a).map((l) => l.subject))
  const likes = targets.filter((p) => !has.has(p.uri)).map((p) => ({ collection: LIKE, value: likeValue(p) }))
  const fill = Array.from({ length: 200 - likes.length }, (_, k) => ({ collection: POST, value: postValue(`bulk ${k}`) }))
  await batch(a, [...likes, ...fill])
  note('one commit of 200 creates', { did: a.did })
  const mine = of(LIKE, a).slice(0, 40)
  const fewer = of(FOLLOW, a).slice(0, 2)
  await batch(a, accounts.filter((b) => b !== a && !of(FOLLOW, a).some((f) => f.subject === b.did)).slice(0, 5).map((b) => ({ collection: FOLLOW, value: followValue(b.did) })),
    [{ uri: `at://${a.did}/${t('actor.profile')}/self`, value: { displayName: 'changed in a batch' } }],
    [...mine.map((l) => ({ uri: l.uri, how: 'unlike' })), ...fewer.map((f) => ({ uri: f.uri, how: 'unfollow' }))])
  note('one commit mixing creates, an update and deletes', { did: a.did })
}
{ // the same like and the same follow again: the PDS removes the old record and writes the new one in one commit
  const a = A(2)
  const p = R.pick(posts())
  if (!of(LIKE, a).some((l) => l.subject === p.uri)) await create(a, LIKE, likeValue(p))
  const old = of(LIKE, a).find((l) => l.subject === p.uri)
  const again = await create(a, LIKE, likeValue(p))
  note('duplicate like: one commit with a delete and a create', { did: a.did, old: old.uri, uri: again.uri, subject: p.uri })
  const f = of(FOLLOW, a)[0]
  const f2 = await create(a, FOLLOW, followValue(f.subject))
  note('duplicate follow: one commit with a delete and a create', { did: a.did, old: f.uri, uri: f2.uri, subject: f.subject })
}
{ // duplicates that the PDS does not see, made in one batch: two live follow records, one subject
  const a = A(4), b = accounts.find((x) => x !== a && !of(FOLLOW, a).some((f) => f.subject === x.did))
  await batch(a, [b, b].map((x) => ({ collection: FOLLOW, value: followValue(x.did) })))
  note('two live follow records with one subject', { did: a.did, subject: b.did })
}
{ // a follow record that is overwritten and so changes its subject: an `update` op
  const a = A(5), f = of(FOLLOW, a)[0], b = accounts.find((x) => x !== a && !of(FOLLOW, a).some((y) => y.subject === x.did))
  await overwrite(a, FOLLOW, f.uri.split('/')[4], followValue(b.did))
  note('follow record updated in place to another subject', { did: a.did, uri: f.uri, was: f.subject, now: b.did })
}
{ // create, delete, create again under the same record key
  const a = A(6), p = posts().find((x) => x.author !== a.did && !of(LIKE, a).some((l) => l.subject === x.uri)), rkey = '3kaaaaaaaaa2a'
  const r = await create(a, LIKE, likeValue(p), { rkey })
  await remove(a, r.uri, 'unlike')
  await create(a, LIKE, likeValue(p), { rkey })
  note('like created, deleted and created again under one record key', { did: a.did, uri: r.uri })
}
{ // subjects that are not in this network, and self-reference
  const a = A(8), mine = of(POST, a)[0] ?? (await create(a, POST, postValue('mine'))) 
  await create(a, FOLLOW, followValue('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'))
  await create(a, FOLLOW, followValue('did:web:nobody.example.com'))
  await create(a, FOLLOW, followValue(a.did))
  if (!of(LIKE, a).some((l) => l.subject === mine.uri)) await create(a, LIKE, likeValue(mine))
  const away = { cid: mine.cid, uri: 'at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kaaaaaaaaa2b' }
  await create(a, LIKE, likeValue(away))
  await create(a, LIKE, likeValue({ cid: mine.cid, uri: `at://${A(0).did}/app.bsky.feed.generator/cats` }))
  note('follows of unknown and web DIDs, self-follow, self-like, likes of an unknown post and of a feed', { did: a.did })
}
{ // records that do not fit their lexicon (validate: false), and dates from the past and the future
  const a = A(9)
  await create(a, FOLLOW, { subject: 'not a did', createdAt: now() }, { validate: false })
  await create(a, FOLLOW, { createdAt: now() }, { validate: false })
  await create(a, LIKE, { subject: 'at://not-an-object', createdAt: 'yesterday' }, { validate: false })
  await create(a, FOLLOW, { subject: A(10).did, createdAt: '2031-01-01T00:00:00.000Z' })
  await create(a, FOLLOW, { subject: A(12).did, createdAt: '1999-12-31T23:59:59Z' })
  await create(a, 'com.example.kith.thing', { number: 9007199254740991, deep: { list: [1, null, true, 'ü'] } }, { validate: false })
  note('invalid follows and likes, odd dates, an unknown collection', { did: a.did })
}
{ // lists, list blocks, gates and a repost with `via`
  const a = A(10)
  const list = await create(a, t('graph.list'), { purpose: t('graph.defs#modlist'), name: 'bad', createdAt: now() })
  await create(a, t('graph.listitem'), { list: list.uri, subject: A(11).did, createdAt: now() })
  await create(a, t('graph.listblock'), { subject: list.uri, createdAt: now() })
  const p = R.pick(posts()), via = R.pick(of(REPOST))
  if (!of(LIKE, a).some((l) => l.subject === p.uri)) await create(a, LIKE, { ...likeValue(p), via: { uri: via.uri, cid: via.cid } })
  note('moderation list, list block, like with via', { did: a.did })
}

// ---- 5. names --------------------------------------------------------------------------------------
async function rename(a, handle) {
  await call(a, 'com.atproto.identity.updateHandle', { body: { handle } })
  a.formerHandles.push(a.handle)
  a.handle = handle
}
const hostDomain = (a) => net.handleDomains[net.pds.indexOf(a.pds)]
await rename(A(12), `renamed${hostDomain(A(12))}`)
await rename(A(13), `twice-a${hostDomain(A(13))}`)
await rename(A(13), `twice-b${hostDomain(A(13))}`)
const freed = A(14).handle
await rename(A(14), `movedaway${hostDomain(A(14))}`)
await rename(A(16), freed)
note('a freed name taken by another account', { handle: freed, was: A(14).did, now: A(16).did })

// ---- 6. account states -----------------------------------------------------------------------------
const takedown = (a, on) => xrpc(a.pds, 'com.atproto.admin.updateSubjectStatus', { admin: net.adminPassword,
  body: { subject: { $type: 'com.atproto.admin.defs#repoRef', did: a.did }, takedown: on ? { applied: true, ref: 'populate' } : { applied: false } } })
const login = async (a) => { a.jwt = (await xrpc(a.pds, 'com.atproto.server.createSession', { body: { identifier: a.did, password: a.password } })).accessJwt }
const deactivate = (a) => call(a, 'com.atproto.server.deactivateAccount', { body: {} })
const activate = (a) => call(a, 'com.atproto.server.activateAccount', { post: true })

await deactivate(A(17)); await activate(A(17)) // away and back
await create(A(17), POST, postValue('I am back'))
await deactivate(A(18)); A(18).status = 'deactivated' // away for good
await deactivate(A(19)); A(19).status = 'deactivated' // one on the second PDS
await takedown(A(20), true); await takedown(A(20), false); await login(A(20)) // sanctioned, then forgiven
await create(A(20), FOLLOW, followValue(A(21).did)).catch(() => {})
await takedown(A(22), true); A(22).status = 'takendown' // sanctioned for good
await takedown(A(23), true); A(23).status = 'takendown'
for (const i of [24, 27]) { // deleted: no delete ops are ever sent for their records
  const a = A(i)
  await xrpc(a.pds, 'com.atproto.admin.deleteAccount', { admin: net.adminPassword, body: { did: a.did } })
  a.status = 'deleted'
  for (const r of [...live.values()]) if (r.author === a.did) drop(r.uri, 'accountDeleted')
}
{ // deleted, and the identity tombstoned too: this directory then answers 404 "DID not available"
  const a = A(28)
  await xrpc(a.pds, 'com.atproto.admin.deleteAccount', { admin: net.adminPassword, body: { did: a.did } })
  const plc = new plcLib.Client(net.plc)
  await plc.tombstone(a.did, guard)
  a.status = 'deleted'
  for (const r of [...live.values()]) if (r.author === a.did) drop(r.uri, 'accountDeleted')
  note('deleted and tombstoned in the directory', { did: a.did })
}

// ---- 7. a move from the first PDS to the second ------------------------------------------------------
if (net.pds.length > 1) {
  const a = A(30), from = a.pds, to = net.pds[1]
  const { did: toDid } = await xrpc(to, 'com.atproto.server.describeServer')
  const { token } = await call(a, 'com.atproto.server.getServiceAuth', { params: { aud: toDid, lxm: 'com.atproto.server.createAccount' } })
  const oldJwt = a.jwt, oldHandle = a.handle, handle = `mover${net.handleDomains[1]}`
  const made = await xrpc(to, 'com.atproto.server.createAccount', { token, body: { did: a.did, handle, email: 'mover@mail.example.com', password: a.password } })
  const car = await xrpc(from, 'com.atproto.sync.getRepo', { params: { did: a.did }, raw: true })
  await xrpc(to, 'com.atproto.repo.importRepo', { token: made.accessJwt, body: car, type: 'application/vnd.ipld.car' })
  const want = await xrpc(to, 'com.atproto.identity.getRecommendedDidCredentials', { token: made.accessJwt })
  await new plcLib.Client(net.plc).updateData(a.did, guard, (d) => ({
    ...d, rotationKeys: [guard.did(), ...want.rotationKeys.filter((k) => k !== guard.did())],
    alsoKnownAs: want.alsoKnownAs, verificationMethods: want.verificationMethods, services: want.services,
  }))
  Object.assign(a, { pds: to, jwt: made.accessJwt, handle, formerHandles: [...a.formerHandles, oldHandle], movedFrom: from })
  await activate(a)
  await xrpc(from, 'com.atproto.server.deactivateAccount', { token: oldJwt, body: {} })
  await create(a, FOLLOW, followValue(A(32).did)).catch(() => {})
  await create(a, POST, postValue('new home'))
  note('moved host: same DID, new signing key, new handle, old host says deactivated', { did: a.did, from, to })
}

// ---- 8. a last ordinary stretch, so that streams do not end on the odd cases ---------------------------
const up = () => accounts.filter((a) => a.status === 'active')
for (let k = 0; k < Number(arg.actions) / 7; k++) {
  const a = R.pick(up()), p = R.pick(posts())
  if (!of(LIKE, a).some((l) => l.subject === p.uri)) await create(a, LIKE, likeValue(p))
}
const tEnd = Date.now()

// Signing keys over time, oldest first, so that a recording can be verified with no directory at hand.
await pool(accounts, 4, async (a) => {
  const log = await (await fetch(`${net.plc}/${a.did}/log/audit`)).json()
  const keys = log.filter((e) => !e.nullified).map((e) => e.operation.verificationMethods?.atproto).filter(Boolean)
  a.signingKeys = keys.filter((k, i) => k !== keys[i - 1])
})

// ---- 9. the truth, checked against the PDS -------------------------------------------------------------
const problems = []
for (const a of accounts) {
  if (a.status !== 'active') continue
  const { collections } = await xrpc(a.pds, 'com.atproto.repo.describeRepo', { params: { repo: a.did } })
  const { cid, rev } = await xrpc(a.pds, 'com.atproto.sync.getLatestCommit', { params: { did: a.did } })
  Object.assign(a, { head: cid, rev })
  const served = new Map()
  for (const collection of collections) {
    let cursor
    do {
      const page = await xrpc(a.pds, 'com.atproto.repo.listRecords', { params: { repo: a.did, collection, limit: 100, cursor } })
      for (const r of page.records) served.set(r.uri, r.cid)
      cursor = page.cursor
    } while (cursor)
  }
  const mine = [...live.values()].filter((r) => r.author === a.did)
  for (const r of mine) if (served.get(r.uri) !== r.cid) problems.push(`${r.uri}: believed ${r.cid}, served ${served.get(r.uri)}`)
  for (const uri of served.keys()) if (!live.has(uri)) problems.push(`${uri}: served, not believed`)
}
const lean = ({ uri, cid, author, subject, value }) => ({ uri, cid, author, subject, createdAt: value.createdAt })
const sorted = (xs) => xs.sort((x, y) => (x.uri < y.uri ? -1 : 1))
const truth = {
  made: now(), seed: Number(arg.seed), network: { plc: net.plc, pds: net.pds, handleDomains: net.handleDomains },
  accounts: accounts.map(({ did, handle, formerHandles, pds, movedFrom, status, head, rev, signingKeys }) => ({ did, handle, formerHandles, pds, movedFrom, status, head, rev, signingKeys })),
  // "live" means: the record stands in its author's repo. For authors that are deactivated or taken down
  // the record is still there but the host serves nothing, so a reader must go by the author's status.
  follows: sorted(of(FOLLOW).map(lean)), likes: sorted(of(LIKE).map(lean)), reposts: sorted(of(REPOST).map(lean)),
  blocks: sorted(of(BLOCK).map(lean)), posts: sorted(of(POST).map(({ uri, cid, author, value }) => ({ uri, cid, author, replyTo: value.reply?.parent.uri }))),
  others: sorted([...live.values()].filter((r) => ![FOLLOW, LIKE, REPOST, BLOCK, POST].includes(r.collection)).map(({ uri, cid }) => ({ uri, cid }))),
  gone: gone.map((g) => ({ ...lean(g), collection: g.collection, how: g.how })),
  notes, agreesWithListRecords: problems.length === 0,
}
fs.writeFileSync(arg.out, JSON.stringify(truth, null, 1) + '\n')
if (problems.length) console.error('the PDS disagrees:', problems)
console.log(JSON.stringify({
  accounts: accounts.length, follows: truth.follows.length, likes: truth.likes.length, posts: truth.posts.length, gone: gone.length,
  signUpMs: tSignUp - started, writesMs: tEnd - tSignUp, problems,
}))
process.exit(problems.length ? 1 : 0)
