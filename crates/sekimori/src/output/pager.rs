//! A pager for text that is longer than the terminal.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::settings::variable;

/// Shows a text in `SEKIMORI_PAGER`, else `PAGER`, else `less`; gives whether that worked. `cat` and
/// the empty text mean none.
pub(super) fn page(text: &str) -> bool {
    let asked = ["SEKIMORI_PAGER", "PAGER"].into_iter().find_map(|name| std::env::var(name).ok());
    let command = asked.unwrap_or_else(|| "less".to_owned());
    let command = command.trim();
    if command.is_empty() || command == "cat" || variable("TERM").is_some_and(|term| term == "dumb") {
        return false;
    }
    // People write flags into these variables, so a shell reads them, as git has it do.
    let mut pager = match cfg!(windows) {
        true => {
            let mut shell = Command::new("cmd");
            shell.args(["/C", command]);
            shell
        }
        false => {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]);
            shell
        }
    };
    // Colours stay colours, and the end stays on the screen.
    for (name, value) in [("LESS", "FRX"), ("LESSCHARSET", "utf-8"), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            pager.env(name, value);
        }
    }
    let Ok(mut child) = pager.stdin(Stdio::piped()).spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever has read enough closes the pager before the end of the text.
        let _ = stdin.write_all(text.as_bytes());
    }
    // A pager that is not there, breaks or is ended has shown nobody knows how much: the text is shown
    // again, since twice is better than never.
    child.wait().is_ok_and(|status| status.success())
}
