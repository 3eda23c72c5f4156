//! The crate from outside: files in, settings or problems out.

mod edits;
mod garbage;
mod interop;
mod opt_out;
mod problems;
mod values;

use kith_config::{Config, Env, Mode, Problems};

/// A valid file with every kind of thing in it.
const VALID: &str = r#"database = "postgres://kith:secret@db.example/kith"
[circle]
depth = 3
match = "either"
backfill = "stream"
skip = ["spam.example.com", "did:plc:spam"]
opt_out = ["Alice.Example.com"]
max_follows = 500
[[circle.tracked]]
id = "Alice.Example.com"
label = "Alice"
[[circle.tracked]]
id = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
[[source]]
kind = "relay"
url = "wss://relay.example/"
start = "oldest"
[[source]]
kind = "jetstream"
url = "wss://jetstream.example"
start = 1_725_911_162_329_308
[[source]]
kind = "pds"
url = "http://127.0.0.1:2583"
[[source]]
kind = "file"
path = "frames.bin"
[bootstrap]
days = 30
max_likes = 5000

[ledger]
rule = "reference"
epoch = "5s"
own_points = 1000
like = 100
repost = 7
repeat = "count"
keep_top = 4
decay_percent = 0
sink_percent = 100
seed = 18446744073709551615
pin_tracked = false
max_likes_per_epoch = 5
[store]
checkpoint = "500ms"
batch_operations = 1
batch_milliseconds = 60000
keep_checkpoints = 0
retain = 12
[network]
plc = "http://127.0.0.1:2582/"
handle_resolver = "http://127.0.0.1:2583"
allow_private_addresses = true
connect_timeout = "100ms"
request_timeout = "1h"
silence_timeout = "1d"
reconnect_pause = "1s"
host_requests_per_five_minutes = 1
plc_requests_per_second = 10000
backfill_accounts = 1
handles_per_minute = 0
buffer_mebibytes = 1
verify = "signature"
verify_all = true
jetstream_dictionary = "zstd_dictionary"
metrics = "127.0.0.1:9464"

[http]
listen = "127.0.0.1:9463"
token_file = "kith.token"
"#;

/// Reads a file as `kith check` does, without an environment.
fn read(text: &str) -> Result<Config, Problems> {
    Config::parse(text, "kith.toml", &Env::default(), Mode::Live)
}

/// The file with this line in place of the first that gives the same key.
fn with(line: &str) -> String {
    let key = line.split('=').next();
    let old = VALID.lines().find(|old| old.split('=').next() == key);
    let old = old.unwrap_or_else(|| panic!("the valid file has nothing like {line}"));
    VALID.replacen(&format!("{old}\n"), &format!("{line}\n"), 1)
}
