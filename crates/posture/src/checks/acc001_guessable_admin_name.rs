//! The administrator's name is one that attackers try.

use super::admin_account::admin_name;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::view::{Cause, Context, Finding, Status, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ACC001",
    slug: "guessable-admin-name",
    checkpoint: Checkpoint::Accounts,
    severity: Severity::Medium,
    title: Text { en: "the administrator's name can be guessed", ja: "推測されやすい管理者名" },
    why: Text {
        en: "Attackers try names before passwords: the same few hundred, all day, on every open port. A name that is on their lists halves their work. Azure refuses `admin` and `root`, but not the names that its own guides use.",
        ja: "攻撃者はまず名前を試します。公開されたポートでは、よく使われる数百個の名前が一日中試されています。その一覧にある名前を使うと、攻撃者の手間が半分になります。Azure は `admin` や `root` を拒否しますが、手順書などでよく使われる名前は拒否しません。",
    },
    fix: Text {
        en: "Make another administrator with a name that says nothing about the VM, its owner or its use, then remove this one. Better still: sign in with Entra ID, and no account of the VM's own is needed.",
        ja: "仮想マシンの用途や所有者から推測できない名前の管理者を作成し、このアカウントを削除してください。Entra ID でサインインすれば、仮想マシンごとのアカウント自体が不要になります。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1110"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/windows/faq"),
    ],
    run: Run::Vm(run),
};

/// Names that Azure takes and attackers try: defaults of images and guides, tools, services, and
/// the head of published lists of attempts. Sorted.
const GUESSABLE: [&str; 95] = [
    "adm1n",
    "admin-user",
    "admin123",
    "administrador",
    "administrateur",
    "administratör",
    "adminroot",
    "adminuser",
    "ansible",
    "apache",
    "azadmin",
    "azure",
    "azureadmin",
    "azureuser",
    "bitnami",
    "centos",
    "cisco",
    "cloud",
    "cloudadmin",
    "db2admin",
    "dbadmin",
    "debian",
    "demo",
    "deploy",
    "deployer",
    "dev",
    "developer",
    "devops",
    "docker",
    "ec2-user",
    "elastic",
    "esuser",
    "ftp",
    "ftpuser",
    "git",
    "gitlab",
    "hadoop",
    "helpdesk",
    "itadmin",
    "jboss",
    "jenkins",
    "järjestelmänvalvoja",
    "kafka",
    "labuser",
    "linuxadmin",
    "localadmin",
    "manager",
    "minecraft",
    "mysql",
    "nagios",
    "netadmin",
    "nginx",
    "nobody",
    "odoo",
    "opc",
    "operator",
    "oracle",
    "pi",
    "pos",
    "postgres",
    "rdpuser",
    "redis",
    "remote",
    "rendszergazda",
    "rootadmin",
    "scan",
    "scanner",
    "secadmin",
    "service",
    "spark",
    "ssh-user",
    "sshuser",
    "student",
    "sysadmin",
    "sysop",
    "tech",
    "temp",
    "terraform",
    "testadmin",
    "testuser",
    "tomcat",
    "toor",
    "ubnt",
    "ubuntu",
    "vagrant",
    "vmadmin",
    "vmuser",
    "web",
    "webadmin",
    "webmaster",
    "winadmin",
    "www",
    "www-data",
    "zabbix",
    "администратор",
];

/// Names that Azure refuses now and did not always, sorted.
///
/// Source: <https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile>
const REFUSED: [&str; 32] = [
    "1",
    "123",
    "a",
    "actuser",
    "adm",
    "admin",
    "admin1",
    "admin2",
    "administrator",
    "aspnet",
    "backup",
    "console",
    "david",
    "guest",
    "john",
    "owner",
    "root",
    "server",
    "sql",
    "support",
    "support_388945a0",
    "sys",
    "test",
    "test1",
    "test2",
    "test3",
    "user",
    "user1",
    "user2",
    "user3",
    "user4",
    "user5",
];

/// Whether attackers try the name.
pub(super) fn is_guessable(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let known = |name: &str| GUESSABLE.binary_search(&name).is_ok() || REFUSED.binary_search(&name).is_ok();
    // Who tries `admin` tries `admin01`, too.
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || "-_.".contains(c));
    known(&name) || known(bare)
}

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let name = match admin_name(context, vm) {
        Ok(name) => name,
        Err(reasons) => return sink.unknown(&CHECK, vm.id, reasons),
    };
    if !is_guessable(name) {
        return sink.pass(context, &CHECK, vm.id);
    }
    let lang = context.lang;
    let machine = context.name(vm.id);
    let name = one_line(name);
    sink.fail(Finding {
        check: &CHECK,
        status: Status::Fail,
        severity: CHECK.severity,
        resource: vm.id,
        message: say!(
            lang,
            "the administrator of `{machine}` is called `{name}`, a name that attackers try",
            "`{machine}` の管理者名 `{name}` は、攻撃者がよく試す名前です"
        ),
        cause: Some(Cause::field(
            vm.id,
            vm.origins.first(),
            &format!("{}/osProfile/adminUsername", vm.profile),
        )),
        evidence: Vec::new(),
        facts: vec![("admin_username", name.clone())],
        fix: CHECK.fix.of(lang).into(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert!(GUESSABLE.windows(2).all(|pair| pair[0] < pair[1]), "sorted");
        assert!(REFUSED.windows(2).all(|pair| pair[0] < pair[1]), "sorted");
        for name in [
            "azureuser",
            "AzureUser",
            "vmadmin",
            "Administrator",
            " root ",
            "azureuser1",
            "admin_01",
            "ubuntu1",
        ] {
            assert!(is_guessable(name), "{name}");
        }
        for name in ["kaede-1874", "azureusers", "x", "", "admin9f2", "tanaka"] {
            assert!(!is_guessable(name), "{name}");
        }
    }
}
