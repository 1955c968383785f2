//! `sekimori policy new`: a check to start from, with its tests.

use std::path::{Path, PathBuf};

use anyhow::bail;
use posture::Lang;

use crate::{kept, output};

/// Writes `NAME.rego` and `NAME_test.rego` into a folder.
pub(super) fn run(name: &str, folder: Option<&Path>, lang: Lang) -> anyhow::Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || !name.chars().all(plain) || name.len() > 64 || name.ends_with("_test") {
        match lang {
            Lang::En => bail!(
                "`{name}` is no name for a check: small letters, digits and _, a letter first, such as no_public_ip"
            ),
            Lang::Ja => bail!(
                "`{name}` はチェックの名前に使えません。英小文字で始め、英小文字、数字、_ だけを使ってください (例: no_public_ip)"
            ),
        }
    }
    let folder = folder.map_or_else(PathBuf::new, Path::to_path_buf);
    kept::make_folder(&folder, lang)?;
    let files = [
        (folder.join(format!("{name}.rego")), CHECK.replace("NAME", name)),
        (folder.join(format!("{name}_test.rego")), TEST.replace("NAME", name)),
    ];
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let path = path.display();
        match lang {
            Lang::En => bail!("`{path}` is there already; choose another name"),
            Lang::Ja => bail!("`{path}` は既に存在します。別の名前を指定してください"),
        }
    }
    for (path, text) in &files {
        output::write_file(path, text.as_bytes(), lang)?;
        output::note(&match lang {
            Lang::En => format!("wrote {}", path.display()),
            Lang::Ja => format!("{} に書き込みました", path.display()),
        });
    }
    let path = files.first().map(|(path, _)| path.display().to_string()).unwrap_or_default();
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder }.display();
    output::print(&match lang {
        Lang::En => {
            format!("next: sekimori policy test {folder}\n      sekimori check SOURCE --policy {path}\n")
        }
        Lang::Ja => format!(
            "次の手順: sekimori policy test {folder}\n          sekimori check SOURCE --policy {path}\n"
        ),
    })
}

/// A check to start from. `NAME` stands for its name.
const CHECK: &str = r#"package sekimori.own.NAME

import rego.v1

# What the check says of itself. The code is three to eight capital letters and three digits; it never changes its meaning.
metadata := {
	"code": "OWN001",
	"severity": "high",
	"checkpoint": "ports",
	"title": {
		"en": "a machine is open to the internet and says nobody who owns it",
		"ja": "インターネットに公開された仮想マシンに所有者のタグがない",
	},
	"why": {
		"en": "Nobody looks after a machine that nobody owns.",
		"ja": "所有者のいない仮想マシンは、誰にも管理されません。",
	},
	"fix": {
		"en": "Give the machine the tag `owner`.",
		"ja": "仮想マシンにタグ `owner` を付けてください。",
	},
}

owned(machine) if machine.tags.owner != ""

# Not met: the id of the resource, and what is so.
fail contains {
	"resource": machine.id,
	"message": {
		"en": sprintf("`%s` has %d open ports and no owner", [machine.name, count(machine.open)]),
		"ja": sprintf("`%s` は %d 個のポートが公開されていますが、所有者が不明です", [machine.name, count(machine.open)]),
	},
	"pointer": "/tags",
} if {
	some machine in input.machines
	count(machine.open) > 0
	not owned(machine)
}

# Nobody can tell, and why. Without this a machine of which too little is known would be passed over in silence.
unknown contains {
	"resource": machine.id,
	"reason": {
		"en": "whether a port is open is not known",
		"ja": "ポートが公開されているかどうかが分かりません",
	},
} if {
	some machine in input.machines
	count(machine.open) == 0
	count(machine.unknown) > 0
	not owned(machine)
}

# Met.
pass contains machine.id if {
	some machine in input.machines
	owned(machine)
}

pass contains machine.id if {
	some machine in input.machines
	count(machine.open) == 0
	count(machine.unknown) == 0
}
"#;

/// Its tests.
const TEST: &str = r#"package sekimori.own.NAME_test

import rego.v1

import data.sekimori.own.NAME

machine(tags, open, unknown) := {"id": "/vm1", "name": "vm1", "tags": tags, "open": open, "unknown": unknown}

test_an_open_machine_without_owner_fails if {
	found := NAME.fail with input as {"machines": [machine({}, [{"port": "3389"}], [])]}
	count(found) == 1
}

test_an_owner_is_enough if {
	estate := {"machines": [machine({"owner": "kato"}, [{"port": "3389"}], [])]}
	count(NAME.fail) == 0 with input as estate
	count(NAME.pass) == 1 with input as estate
}

test_what_is_not_known_is_not_met if {
	estate := {"machines": [machine({}, [], ["NET001"])]}
	count(NAME.pass) == 0 with input as estate
	count(NAME.unknown) == 1 with input as estate
}
"#;
