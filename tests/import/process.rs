//! Row 83 with whole runs: a journal's path that holds something else, a link, or the journal of another process.

use std::path::PathBuf;
use std::process::Command;

use futures_util::StreamExt as _;
use windows_autopilot::ErrorKind;
use windows_autopilot::workflow::{Import, ImportEventKind, Journal};

use super::folder::Folder;
use super::{World, device};

const PATH: &str = "WINDOWS_AUTOPILOT_TEST_JOURNAL";

fn import(world: &World, path: &PathBuf) -> Import {
    Import::new(&world.client, [device("A")]).with_journal(Journal::at(path))
}

#[tokio::test]
async fn row_83_a_run_refuses_what_is_no_journal_and_sends_nothing() {
    let folder = Folder::new("refused");
    let whole = World::new();
    let journal = folder.path().join("whole.journal");
    import(&whole, &journal).start().await.unwrap();
    let begun = std::fs::read(&journal).unwrap();
    #[cfg_attr(not(unix), allow(unused_mut, reason = "links are added"))]
    let mut refused = vec![
        folder.file("notes", b"notes without a line break"),
        folder.file("devices.csv", b"Device Serial Number,Windows Product ID,Hardware Hash\r\nA,,T0E\r\n"),
        folder.file("settings.toml", b"name = \"Munich\"\n"),
        folder.file("other.json", b"{\"journal\":\"other\"}\n"),
        folder.file("binary", [0; 64]),
        folder.file("mark", [b"\xef\xbb\xbf", begun.as_slice()].concat()),
        folder.file("of.another.kind", b"{\"journal\":\"windows-autopilot\",\"v\":1,\"run\":\"apply\"}\n"),
        folder.path().to_owned(),
    ];
    #[cfg(unix)]
    {
        let (link, hard) = (folder.path().join("link"), folder.path().join("hard"));
        std::os::unix::fs::symlink(&journal, &link).unwrap();
        std::fs::hard_link(folder.file("target", &begun), &hard).unwrap();
        refused.extend([link, hard]);
    }
    let contents = || -> Vec<_> { refused.iter().map(|path| std::fs::read(path).ok()).collect() };
    let before = contents();
    for path in &refused {
        let world = World::new();
        let error = import(&world, path).start().await.unwrap_err();
        let shown = format!("{error:#}");
        assert_eq!(error.kind(), ErrorKind::Journal, "{shown}");
        assert!(shown.contains(&path.display().to_string()), "{shown}");
        assert_eq!(import(&world, path).dry_run().unwrap_err().kind(), ErrorKind::Journal);
        let sent = world.tenant.requests().into_iter().filter(|request| !request.path.ends_with("/token"));
        assert_eq!(sent.count(), 0, "{shown}");
    }
    assert!(contents() == before, "what is refused is left as it is");
    assert!(std::fs::read(&journal).unwrap() == begun);
}

#[tokio::test]
async fn row_83_another_process_does_not_get_the_journal_of_a_run() {
    let folder = Folder::new("process");
    let path = folder.path().join("run.journal");
    let other = |test: &str| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--ignored", "--nocapture"]).env(PATH, &path);
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
    };
    let world = World::new();
    let mut run = import(&world, &path).start();
    while let Some(event) = run.next().await {
        if matches!(event.kind, ImportEventKind::Sent { .. }) {
            break;
        }
    }
    let before = std::fs::read(&path).unwrap();
    other("process::alone_the_journal_is_in_use");
    assert!(std::fs::read(&path).unwrap() == before, "the other process has changed nothing");
    assert!(run.await.unwrap().is_complete());
    other("process::alone_the_journal_is_free");
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn alone_the_journal_is_in_use() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let world = World::new();
    let error = import(&world, &path).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert!(error.to_string().contains("in use by another run"), "{error}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(world.tenant.requests().len(), 0);
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn alone_the_journal_is_free() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let preview = import(&World::new(), &path).dry_run().unwrap();
    assert_eq!((preview.to_send, preview.finished), (0, 1));
}
