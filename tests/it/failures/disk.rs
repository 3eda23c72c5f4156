//! The disk below a SQLite file: full, read-only at the start, read-only while Kith writes.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use kith_tests::{Database, Kith, assert_same, missing};

use super::{Long, assert_verified, config, disturbed, until_it_says};

/// A small file system of its own, if this machine lets us.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(bytes: u64) -> Option<Disk> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let size = format!("size={bytes}");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], folder.path()) {
            return Some(Disk(folder));
        }
        missing(
            "a file system cannot be mounted",
            "run them as root, with CAP_SYS_ADMIN",
        );
        None
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(mount(&["-o", &options], self.0.path()), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn mount(options: &[&str], folder: &Path) -> bool {
    let ran = Command::new("mount").args(options).arg(folder).output();
    ran.is_ok_and(|ran| ran.status.success())
}

#[test]
fn a_disk_that_fills_up_is_waited_for() {
    let Some(disk) = Disk::of(64 << 20) else {
        return;
    };
    let database = Database::sqlite_in(disk.0.path());
    let ballast = disk.0.path().join("ballast");
    disturbed(
        &database,
        |running| {
            for _ in 0..2 {
                until_it_says(running, "waiting", |_| {
                    // As much as there is.
                    let full = Command::new("dd")
                        .args(["if=/dev/zero", "bs=4096", "status=none"])
                        .arg(format!("of={}", ballast.display()))
                        .stderr(std::process::Stdio::null())
                        .status();
                    assert!(!full.expect("dd starts").success(), "the disk is not full");
                });
                std::fs::remove_file(&ballast).expect("ballast can be thrown off");
                sleep(Duration::from_millis(300));
            }
        },
        "full",
    );
}

#[test]
fn a_file_system_that_cannot_be_written_is_said_so_at_once() {
    let Some(disk) = Disk::of(64 << 20) else {
        return;
    };
    let long = Long::of(1);
    let database = Database::sqlite_in(disk.0.path());
    let kith = Kith::new(&config(&database));
    let _ = long.start(&kith).wait().expect_ok();
    disk.remount("ro");
    let said = long.start(&kith).wait().expect_code(1).stderr;
    assert!(said.contains("kith.db"), "{said}");
    disk.remount("rw");
    let _ = long.start(&kith).wait().expect_ok();
    assert_same(&database.contents(), &long.undisturbed());
    assert_verified(&kith);
}

/// Files that nobody may change, not even who has them open to write, until this is dropped. (Who is
/// root passes by a file's mode, and a file system is not remounted while files are open to write.)
struct Immutable(Vec<PathBuf>);

impl Immutable {
    fn make(files: impl IntoIterator<Item = PathBuf>) -> Option<Immutable> {
        let files = Immutable(files.into_iter().collect());
        files.change("+i").then_some(files)
    }

    /// Whether there is such a thing in this folder; says so clearly if not.
    fn can_be_in(folder: &Path) -> bool {
        let probe = folder.join("probe");
        let mut open = File::create(&probe).expect("a file can be made");
        let is_kept = Immutable::make([probe]).is_some_and(|_kept| open.write_all(b"x").is_err());
        if !is_kept {
            missing(
                "files cannot be made immutable",
                "run them as root, with chattr, and with TMPDIR on ext4, xfs or btrfs",
            );
        }
        is_kept
    }

    fn change(&self, attribute: &str) -> bool {
        let ran = Command::new("chattr").arg(attribute).args(&self.0).output();
        ran.is_ok_and(|ran| ran.status.success())
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let _ = self.change("-i");
    }
}

#[test]
fn a_file_that_becomes_read_only_is_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    if !Immutable::can_be_in(folder.path()) {
        return;
    }
    let database = Database::sqlite_in(folder.path());
    disturbed(
        &database,
        |running| {
            for _ in 0..2 {
                // First what is open cannot be written; after that nothing can be opened to write.
                let refused = "attempt to write a readonly database";
                let files = ["kith.db", "kith.db-wal"].map(|name| folder.path().join(name));
                let kept = until_it_says(running, refused, |_| {
                    Immutable::make(files).expect("as the probe")
                });
                drop(kept);
                sleep(Duration::from_millis(300));
            }
        },
        "readonly",
    );
}

/// What a backup that has no room leaves would stop whoever else writes there.
#[test]
fn a_backup_without_room_leaves_nothing() {
    let Some(disk) = Disk::of(128 << 10) else {
        return;
    };
    let (database, long) = (Database::sqlite(), Long::of(1));
    let kith = Kith::new(&config(&database));
    let _ = long.start(&kith).wait().expect_ok();
    let copy = disk.0.path().join("copy.db");
    let refused = kith.run(&["backup", copy.to_str().expect("test paths are text")]);
    assert!(refused.expect_code(2).stderr.contains("full"));
    let left = std::fs::read_dir(disk.0.path()).expect("can be listed");
    assert_eq!(left.count(), 0);
}
