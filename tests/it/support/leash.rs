//! A watchdog that outlives the test process by a moment, and takes its servers with it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends a process, and removes a folder, when the test process ends: after a panic, an exit or a
/// `SIGKILL` alike, which no destructor sees.
///
/// A small shell waits on a pipe that only the test process holds open. When it closes, the shell
/// does its work; when the leash is dropped first, it does nothing (whoever drops it has ended the
/// process).
#[derive(Debug)]
pub struct Leash {
    shell: Child,
}

/// `$1` process id, `$2` signal, `$3` folder or empty. After ten seconds of grace, `SIGKILL`.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
if read -r released; then exit 0; fi
kill -s "$2" "$1" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 "$1" 2>/dev/null || break
  sleep 0.5
done
kill -s KILL "$1" 2>/dev/null
if [ -n "$3" ]; then rm -rf -- "$3"; fi
"#;

impl Leash {
    /// Puts process `pid` on a leash: it gets `signal` (a name such as `INT`) when this process
    /// ends; then `folder`, where there is one, is removed.
    pub fn new(pid: u32, signal: &str, folder: Option<&Path>) -> Self {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "leash", &pid.to_string(), signal])
            .arg(folder.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // Ctrl-C must not end it before its work.
            .spawn()
            .expect("sh starts");
        Self { shell }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.shell.stdin.take() {
            let _ = pipe.write_all(b"released\n");
        }
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::Leash;
    use crate::needs::wait_until;

    #[test]
    fn a_closed_pipe_ends_the_process_and_removes_its_folder() {
        let folder = tempfile::tempdir().unwrap().keep();
        let mut sleeper = Command::new("sleep")
            .arg("3600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut leash = Leash::new(sleeper.id(), "TERM", Some(&folder));
        drop(leash.shell.stdin.take()); // What the kernel does when the test process ends.
        let status = sleeper.wait().unwrap();
        assert_eq!(status.to_string(), "signal: 15 (SIGTERM)");
        wait_until("the folder to be removed", || {
            (!folder.exists()).then_some(())
        });
    }

    #[test]
    fn a_dropped_leash_leaves_the_process_alone() {
        let mut sleeper = Command::new("sleep")
            .arg("3600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        drop(Leash::new(sleeper.id(), "TERM", None)); // Waits until the shell is gone.
        assert!(sleeper.try_wait().unwrap().is_none());
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
    }
}
