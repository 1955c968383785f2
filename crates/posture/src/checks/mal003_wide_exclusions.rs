//! Antimalware is told to leave out what malware uses.

use estate::Feed;

use super::antimalware::MICROSOFT;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "MAL003",
    slug: "wide-exclusions",
    checkpoint: Checkpoint::Malware,
    severity: Severity::Medium,
    title: Text {
        en: "antimalware leaves out too much", ja: "広すぎるマルウェア対策の除外設定"
    },
    why: Text {
        en: "What is left out is never looked at. Attackers read the list of exclusions, which every reader of the VM sees, and put their files there; a drive, a temporary folder or all programs on it is as good as no protection.",
        ja: "除外した場所は検査されません。除外の一覧は VM の閲覧権限があれば読めるため、攻撃者はそこにファイルを置きます。ドライブ全体や一時フォルダー、実行ファイル全般を除外すると、対策がないのと変わりません。",
    },
    fix: Text {
        en: "Leave out single files or folders of one program only, and take the others out of the extension's `Exclusions`.",
        ja: "除外は特定のプログラムのファイルやフォルダーだけに絞り、それ以外は拡張機能の `Exclusions` から取り除いてください。",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Mcsb("ES-2"),
        Reference::Attack("T1562.001"),
        Reference::Page(
            "https://learn.microsoft.com/defender-endpoint/common-exclusion-mistakes-microsoft-defender-antivirus",
        ),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let Some(extension) = context.extension(view, &[MICROSOFT])? else { return Ok(Verdict::NotFor) };
    // An extension without settings of its own leaves nothing out.
    let all = context.known(&extension.exclusions)?.map(Vec::as_slice).unwrap_or_default();
    let wide: Vec<String> = all.iter().filter(|one| is_wide(one)).map(|one| one_line(one)).collect();
    let Some(first) = wide.first() else { return Ok(Verdict::Pass) };
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "antimalware on `{machine}` leaves out `{first}`{more}",
        "`{machine}` のマルウェア対策は `{first}` {more}を検査しません",
        more = match (wide.len(), context.lang) {
            (1, _) => String::new(),
            (count, crate::lang::Lang::En) => format!(" and {} more", count - 1),
            (count, crate::lang::Lang::Ja) => format!("ほか {} 件", count - 1),
        }
    );
    Fault::new(message)
        .fact("exclusions", wide.join(", "))
        .at_record(extension.id, &extension.origins, "/properties/settings/Exclusions")
        .verdict()
}

/// Endings of what runs.
const ENDINGS: [&str; 19] = [
    "bat", "cmd", "com", "cpl", "dll", "exe", "hta", "jar", "js", "msi", "ocx", "ps1", "py", "scr", "sys",
    "tmp", "vbe", "vbs", "wsf",
];

/// Programs that run what others wrote.
const HOSTS: [&str; 14] = [
    "bitsadmin.exe",
    "cmd.exe",
    "cscript.exe",
    "java.exe",
    "msbuild.exe",
    "mshta.exe",
    "powershell.exe",
    "powershell_ise.exe",
    "pwsh.exe",
    "python.exe",
    "regsvr32.exe",
    "rundll32.exe",
    "wmic.exe",
    "wscript.exe",
];

/// Folders that anybody writes to, or that hold whole systems.
const FOLDERS: [&str; 22] = [
    "%appdata%",
    "%localappdata%",
    "%programdata%",
    "%programfiles%",
    "%public%",
    "%systemdrive%",
    "%systemroot%",
    "%temp%",
    "%tmp%",
    "%userprofile%",
    "%windir%",
    "program files",
    "program files (x86)",
    "programdata",
    "temp",
    "tmp",
    "users",
    "users\\*",
    "users\\public",
    "windows",
    "windows\\system32",
    "windows\\syswow64",
];

/// Whether an exclusion takes a drive, a folder that anybody writes to, all of an ending that runs, or a program that
/// runs what others wrote.
fn is_wide(exclusion: &str) -> bool {
    let text = exclusion.trim().trim_matches(['"', '\'']).to_ascii_lowercase().replace('/', "\\");
    let mut path = text.as_str();
    while let Some(shorter) = path.strip_suffix("\\*.*").or_else(|| path.strip_suffix("\\*")) {
        path = shorter;
    }
    let path = path.trim_end_matches('\\');
    if path.is_empty() || path == "*" || path == "*.*" {
        return !text.is_empty();
    }
    let ending = path.strip_prefix("*.").or_else(|| path.strip_prefix('.')).unwrap_or(path);
    if ENDINGS.contains(&ending) {
        return true;
    }
    let drive = |rest: &str| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_alphabetic());
    let below = match path.split_once(':') {
        Some((letter, "")) if drive(letter) => return true,
        Some((letter, rest)) if drive(letter) => rest.trim_start_matches('\\'),
        _ => path.strip_prefix("%systemdrive%\\").unwrap_or(path),
    };
    let last = below.rsplit('\\').next().unwrap_or(below);
    // A program of its own folder may have a name that a host has: it is the name that is left out.
    FOLDERS.contains(&below) || HOSTS.contains(&last) || matches!(last, "temp" | "tmp" | "appdata")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_exclusions_are_told_apart() {
        assert!(FOLDERS.is_sorted() && HOSTS.is_sorted() && ENDINGS.is_sorted());
        for wide in [
            "*",
            "*.*",
            "C:",
            "C:\\",
            "d:\\*",
            "D:/",
            "%SystemDrive%",
            "C:\\Temp\\",
            "C:\\Windows\\Temp\\*",
            "%TEMP%",
            "C:\\Users",
            "C:\\Users\\*",
            "C:\\Users\\admin\\AppData\\Local\\Temp",
            "C:\\Windows",
            ".exe",
            "exe",
            "*.dll",
            " .PS1 ",
            "powershell.exe",
            "C:\\Windows\\System32\\cmd.exe",
            "\"C:\\\"",
        ] {
            assert!(is_wide(wide), "{wide}");
        }
        for narrow in [
            "",
            "log",
            ".mdf",
            "*.ldf",
            "D:\\Data",
            "D:\\Data\\*",
            "C:\\Program Files\\Contoso\\app",
            "C:\\Users\\svc\\app\\cache",
            "sqlservr.exe",
            "C:\\App\\template",
            "exec",
            "C:\\inetpub\\windows",
        ] {
            assert!(!is_wide(narrow), "{narrow}");
        }
    }
}
