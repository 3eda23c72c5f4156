//! The decoders of `kith-feeder` by themselves. They are pure, so the fuzz targets can do without
//! its network half, which would double the time to build them. A decoder that begins to need that
//! half does not compile here.

#![expect(dead_code, reason = "some of it only the network half uses")]

#[path = "../feeder/src/identity/document.rs"]
pub mod identity;
#[path = "../feeder/src/syntax/mod.rs"]
pub mod syntax;
#[path = "../feeder/src/text.rs"]
pub mod text;
#[path = "../feeder/src/verify/mod.rs"]
pub mod verify;
#[path = "../feeder/src/wire/mod.rs"]
pub mod wire;
