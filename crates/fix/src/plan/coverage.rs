//! Which check is planned for by whom, asked about, or left: a table that a test holds against all checks.

use std::collections::BTreeMap;

use posture::{CHECKS, Finding, Reference, Text};

use super::draft::{Draft, Task, clean, fact};
use super::{Plan, Planner};
use crate::lang::say;

/// What becomes of the findings of a check.
#[derive(Clone, Copy, Debug)]
pub enum Cover {
    /// They are planned for, by one of these.
    Planned(&'static [By]),
    /// Somebody has to decide: this question.
    Asked(Text),
    /// There is nothing to do by Azure's interface, for this reason.
    Nothing(Text),
}

/// Who plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Rules and public addresses.
    Network,
    /// Single machines.
    Machine,
    /// Services around machines.
    Service,
}

/// What becomes of the findings of a check, by its code; nothing for a check that is not one of `posture`'s own.
pub fn coverage(code: &str) -> Option<Cover> {
    TABLE.iter().find(|(its, _)| *its == code).map(|(_, cover)| *cover)
}

/// By code.
const TABLE: &[(&str, Cover)] = &[
    (
        "ACC001",
        Cover::Asked(Text {
            en: "Azure does not rename the administrator of a VM that exists. Which name is it to have, and who takes the old account away in the guest?",
            ja: "既存の VM の管理者名は Azure から変更できません。どの名前にしますか? また、ゲスト内の古いアカウントは誰が削除しますか?",
        }),
    ),
    ("ACC002", Cover::Planned(&[By::Machine])),
    (
        "ACC003",
        Cover::Asked(Text {
            en: "Azure does not rename the administrator of a VM that exists. Which name is it to have, and who takes the old account away in the guest?",
            ja: "既存の VM の管理者名は Azure から変更できません。どの名前にしますか? また、ゲスト内の古いアカウントは誰が削除しますか?",
        }),
    ),
    (
        "ACC004",
        Cover::Asked(Text {
            en: "Azure does not rename the administrator of a VM that exists. Which name is it to have, and who takes the old account away in the guest?",
            ja: "既存の VM の管理者名は Azure から変更できません。どの名前にしますか? また、ゲスト内の古いアカウントは誰が削除しますか?",
        }),
    ),
    (
        "ACC005",
        Cover::Asked(Text {
            en: "Which machines share a key on purpose, and who has the private half? Keys are changed in the guest.",
            ja: "同じ SSH 鍵を意図的に使用している VM はどれですか? また、秘密鍵は誰が持っていますか? 鍵の変更はゲスト内で行います。",
        }),
    ),
    (
        "ACC006",
        Cover::Asked(Text {
            en: "What is set up looser than in production? Each of it has a finding of its own, with its fix; whether the machine is still needed nobody can see from here.",
            ja: "本番環境より緩い設定は、それぞれ個別の検出結果と修正方法で確認できます。この VM はまだ必要ですか?",
        }),
    ),
    (
        "ACC007",
        Cover::Asked(Text {
            en: "Rules for passwords stand inside the machine, in its image or in a policy of the domain. Which of these is to hold them?",
            ja: "パスワードの規則は、ゲスト内、イメージ、ドメインのポリシーのいずれかで設定されます。どこで設定しますか?",
        }),
    ),
    ("BKP001", Cover::Planned(&[By::Service])),
    (
        "BKP002",
        Cover::Asked(Text {
            en: "Why did the last backups not come about? A backup by hand hides what keeps failing.",
            ja: "最近のバックアップが作成されなかった原因は何ですか? 手動でバックアップするだけでは、失敗の原因が残ります。",
        }),
    ),
    (
        "BKP003",
        Cover::Asked(Text {
            en: "Who stopped this backup, or what makes it fail? It may have been an attacker.",
            ja: "このバックアップを停止したのは誰ですか? または失敗の原因は何ですか? 攻撃者による停止の可能性もあります。",
        }),
    ),
    ("BKP004", Cover::Planned(&[By::Service])),
    (
        "BKP005",
        Cover::Asked(Text {
            en: "Is the vault to be immutable for good? `Unlocked` can be taken back and leaves the finding; `Locked` closes it, and nobody, not even Microsoft, takes that back.",
            ja: "コンテナーを恒久的に変更不可にしますか? `Unlocked` は元に戻せますが検出結果は残ります。`Locked` にすると解消されますが、Microsoft を含め誰も元に戻せません。",
        }),
    ),
    (
        "BKP006",
        Cover::Asked(Text {
            en: "For how long are backups needed? Keeping them longer costs by size, for all machines of the policy.",
            ja: "バックアップはどのくらいの期間必要ですか? 保持期間を延ばすと、ポリシーを使用するすべての VM のデータ量に応じて料金が増えます。",
        }),
    ),
    (
        "BKP007",
        Cover::Asked(Text {
            en: "Azure changes the redundancy of a vault only before it protects anything. Is another vault to take over?",
            ja: "コンテナーの冗長性は、保護対象を登録する前にしか変更できません。別のコンテナーに切り替えますか?",
        }),
    ),
    (
        "CAP001",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP002",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP003",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP004",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP005",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP006",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP007",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "CAP008",
        Cover::Asked(Text {
            en: "Policies of conditional access are written in the directory, and a wrong one locks everybody out. Who tests it in report-only mode first?",
            ja: "条件付きアクセス ポリシーはディレクトリの設定で、誤ると全員がサインインできなくなります。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    ("DEF001", Cover::Planned(&[By::Service])),
    ("DEF002", Cover::Planned(&[By::Service])),
    (
        "DEF003",
        Cover::Asked(Text {
            en: "Which address is to hear of alerts? One that several people read.",
            ja: "アラートの通知先はどのメール アドレスですか? 複数人が確認できるアドレスを指定してください。",
        }),
    ),
    ("DEF004", Cover::Planned(&[By::Service])),
    (
        "DEF005",
        Cover::Asked(Text {
            en: "No fix of ours is for this recommendation: Defender for Cloud tells what to do, and may have a fix of its own.",
            ja: "この推奨事項に対応する修正はありません。Defender for Cloud で対処方法を確認してください (修正機能が用意されている場合があります)。",
        }),
    ),
    (
        "DEF006",
        Cover::Nothing(Text {
            en: "two judgements differ: what closes it is finding out which of them is right",
            ja: "2 つの判定が一致していません。どちらが正しいかを確認する必要があります",
        }),
    ),
    ("DEF007", Cover::Planned(&[By::Machine])),
    (
        "DEF008",
        Cover::Asked(Text {
            en: "What does the secret open, and who changes it there? Taking it from the disk alone leaves it valid.",
            ja: "このシークレットで何にアクセスできますか? また、誰が変更しますか? ディスクから削除するだけでは、シークレットは有効なままです。",
        }),
    ),
    (
        "DEF009",
        Cover::Nothing(Text {
            en: "an alert is closed by whoever has looked into it; dismissing it mends nothing",
            ja: "アラートは調査した担当者が対処するものです。無視しても問題は解決しません",
        }),
    ),
    (
        "DEF010",
        Cover::Asked(Text {
            en: "Who suppressed the alerts, and are they still noise?",
            ja: "アラートを抑制したのは誰ですか? 今も不要なアラートですか?",
        }),
    ),
    (
        "DEF011",
        Cover::Asked(Text {
            en: "Where are findings and alerts to go: which workspace or event hub? Both cost by size.",
            ja: "検出結果とアラートをどこにエクスポートしますか (Log Analytics ワークスペースまたはイベント ハブ)? どちらもデータ量に応じて料金が発生します。",
        }),
    ),
    (
        "DEF012",
        Cover::Asked(Text {
            en: "No fix of ours is for this recommendation: Defender for Cloud tells what to do, and may have a fix of its own.",
            ja: "この推奨事項に対応する修正はありません。Defender for Cloud で対処方法を確認してください (修正機能が用意されている場合があります)。",
        }),
    ),
    ("ENC001", Cover::Planned(&[By::Machine])),
    (
        "ENC002",
        Cover::Asked(Text {
            en: "When can the machine be made anew? Disks that Azure Disk Encryption has encrypted cannot go over to encryption at host.",
            ja: "VM をいつ作り直せますか? Azure Disk Encryption で暗号化したディスクは、ホストでの暗号化に移行できません。",
        }),
    ),
    (
        "ENC003",
        Cover::Asked(Text {
            en: "Which key, in which key vault, and who rotates it? A key that is lost takes the disks with it.",
            ja: "どのキー コンテナーのどのキーを使用しますか? また、誰がローテーションしますか? キーを失うとディスクも使えなくなります。",
        }),
    ),
    (
        "ENC004",
        Cover::Asked(Text {
            en: "Does anybody still need what is on the disk? A disk that is deleted does not come back.",
            ja: "ディスクの内容はまだ必要ですか? 削除したディスクは元に戻せません。",
        }),
    ),
    (
        "ENC005",
        Cover::Asked(Text {
            en: "Is the disk of a cluster? Only then several machines may have it.",
            ja: "クラスターで使用しているディスクですか? 複数の VM で共有する必要があるのは、その場合だけです。",
        }),
    ),
    ("ENC006", Cover::Planned(&[By::Service])),
    (
        "ENC007",
        Cover::Asked(Text {
            en: "When can the machine stop? Converting it to managed disks stops it, and there is no way back.",
            ja: "VM をいつ停止できますか? マネージド ディスクへの変換中は停止が必要で、元に戻せません。",
        }),
    ),
    ("ENT001", Cover::Planned(&[By::Machine])),
    ("ENT002", Cover::Planned(&[By::Machine])),
    (
        "ENT003",
        Cover::Asked(Text {
            en: "Who is to sign in to the machine, and as an administrator or not?",
            ja: "誰がこの VM にサインインしますか? 管理者の権限は必要ですか?",
        }),
    ),
    (
        "ENT004",
        Cover::Asked(Text {
            en: "Who still needs the local account, as a way in when the directory is away? Accounts are taken away in the guest.",
            ja: "ディレクトリを利用できないときの緊急用として、ローカル アカウントは必要ですか? アカウントの削除はゲスト内で行います。",
        }),
    ),
    (
        "HRD001",
        Cover::Asked(Text {
            en: "When can the machine stop? One of the second generation can go over to trusted launch while it is deallocated; any other has to be made anew.",
            ja: "VM をいつ停止できますか? 第 2 世代の VM は割り当てを解除してトラステッド起動にアップグレードできます。それ以外は作り直す必要があります。",
        }),
    ),
    ("HRD002", Cover::Planned(&[By::Machine])),
    ("HRD003", Cover::Planned(&[By::Machine])),
    ("HRD004", Cover::Planned(&[By::Machine])),
    (
        "HRD005",
        Cover::Asked(Text {
            en: "Which of these settings does the machine need otherwise? They are changed inside of it, or in its image.",
            ja: "意図的に変えている設定はどれですか? 設定の変更はゲスト内またはイメージで行います。",
        }),
    ),
    (
        "HRD006",
        Cover::Asked(Text {
            en: "Which baseline is the machine held against? A policy puts machine configuration on all machines of a subscription, with an identity for each.",
            ja: "どのベースラインで評価しますか? マシン構成は、ポリシーでサブスクリプション内のすべての VM に展開できます (VM ごとにマネージド ID が必要です)。",
        }),
    ),
    (
        "HRD007",
        Cover::Asked(Text {
            en: "When is the machine to be made anew, and with which image or size?",
            ja: "VM をいつ、どのイメージまたはサイズで作り直しますか?",
        }),
    ),
    (
        "HRD008",
        Cover::Asked(Text {
            en: "When is the machine to be made anew, and with which image or size?",
            ja: "VM をいつ、どのイメージまたはサイズで作り直しますか?",
        }),
    ),
    ("HRD009", Cover::Planned(&[By::Machine])),
    (
        "HRD010",
        Cover::Asked(Text {
            en: "What does the secret open, and who changes it there? Whoever could read the VM may have it.",
            ja: "このシークレットで何にアクセスできますか? また、誰が変更しますか? VM の閲覧権限を持つ人に知られている可能性があります。",
        }),
    ),
    (
        "HRD011",
        Cover::Asked(Text {
            en: "Who put the extension there, and what for? It runs as root or SYSTEM.",
            ja: "この拡張機能は誰が、何のためにインストールしましたか? root または SYSTEM の権限で動作しています。",
        }),
    ),
    (
        "HRD012",
        Cover::Asked(Text {
            en: "Which certificate is WinRM to use? Azure does not change listeners of a VM that exists.",
            ja: "WinRM にどの証明書を使用しますか? 既存の VM のリスナーは Azure から変更できません。",
        }),
    ),
    (
        "HRD013",
        Cover::Asked(Text {
            en: "Is the machine an appliance that takes no agent, or did somebody switch extensions off?",
            ja: "エージェントに対応していない仮想アプライアンスですか? それとも拡張機能が意図的に無効にされていますか?",
        }),
    ),
    (
        "HRD014",
        Cover::Asked(Text {
            en: "Where is the script to be kept, so that nobody else changes it? What it loads now has to be looked at first.",
            ja: "他者が書き換えられないように、スクリプトをどこに保存しますか? まず、現在取得されている内容を確認してください。",
        }),
    ),
    (
        "HRD015",
        Cover::Asked(Text {
            en: "Which of these settings does the machine need otherwise? They are changed inside of it, or in its image.",
            ja: "意図的に変えている設定はどれですか? 設定の変更はゲスト内またはイメージで行います。",
        }),
    ),
    (
        "IDP001",
        Cover::Asked(Text {
            en: "Policies of risk are written in the directory, and need licences. Who tests them in report-only mode first?",
            ja: "リスク ベースのポリシーはディレクトリの設定で、ライセンスが必要です。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "IDP002",
        Cover::Asked(Text {
            en: "Policies of risk are written in the directory, and need licences. Who tests them in report-only mode first?",
            ja: "リスク ベースのポリシーはディレクトリの設定で、ライセンスが必要です。まずレポート専用モードで誰がテストしますか?",
        }),
    ),
    (
        "IDP003",
        Cover::Asked(Text {
            en: "Only the person, and whoever looks after accounts, can say what happened and set the account right.",
            ja: "アカウントの状況を確認して対処できるのは、本人とアカウントの管理者だけです。",
        }),
    ),
    (
        "IDP004",
        Cover::Asked(Text {
            en: "Only the person, and whoever looks after accounts, can say what happened and set the account right.",
            ja: "アカウントの状況を確認して対処できるのは、本人とアカウントの管理者だけです。",
        }),
    ),
    ("JIT001", Cover::Planned(&[By::Service])),
    ("JIT002", Cover::Planned(&[By::Network])),
    ("JIT003", Cover::Planned(&[By::Service])),
    ("JIT004", Cover::Planned(&[By::Service])),
    ("JIT005", Cover::Planned(&[By::Service])),
    ("JIT006", Cover::Planned(&[By::Service])),
    ("JIT007", Cover::Planned(&[By::Service])),
    ("JIT008", Cover::Planned(&[By::Service])),
    ("JIT009", Cover::Planned(&[By::Service])),
    ("MAL001", Cover::Planned(&[By::Machine, By::Service])),
    ("MAL002", Cover::Planned(&[By::Machine])),
    ("MAL003", Cover::Planned(&[By::Machine])),
    ("MAL004", Cover::Planned(&[By::Service])),
    ("NET001", Cover::Planned(&[By::Network])),
    ("NET002", Cover::Planned(&[By::Network])),
    ("NET003", Cover::Planned(&[By::Network])),
    ("NET004", Cover::Planned(&[By::Network])),
    ("NET005", Cover::Planned(&[By::Network])),
    ("NET006", Cover::Planned(&[By::Network])),
    ("NET007", Cover::Planned(&[By::Network])),
    ("NET008", Cover::Planned(&[By::Network])),
    ("NET009", Cover::Planned(&[By::Network])),
    ("NET010", Cover::Planned(&[By::Network])),
    ("NET011", Cover::Planned(&[By::Network])),
    ("NET012", Cover::Planned(&[By::Service])),
    ("NET013", Cover::Planned(&[By::Network])),
    ("NET014", Cover::Planned(&[By::Network])),
    (
        "NET015",
        Cover::Asked(Text {
            en: "Which storage account is to keep flow logs, and for how long? They cost by size.",
            ja: "フロー ログをどのストレージ アカウントに、どのくらいの期間保存しますか? データ量に応じて料金が発生します。",
        }),
    ),
    ("NET016", Cover::Planned(&[By::Network])),
    (
        "NET017",
        Cover::Asked(Text {
            en: "Is protection from floods worth its price here? Azure DDoS Protection is paid by month.",
            ja: "この環境に Azure DDoS Protection (月額課金) を導入しますか?",
        }),
    ),
    ("NET018", Cover::Planned(&[By::Network])),
    ("NET019", Cover::Planned(&[By::Network])),
    ("NET020", Cover::Planned(&[By::Network])),
    ("NET021", Cover::Planned(&[By::Service])),
    ("NET022", Cover::Planned(&[By::Service])),
    (
        "NET023",
        Cover::Asked(Text {
            en: "Which container of which storage account is to keep recordings, and who may see them? Only the Premium SKU records.",
            ja: "セッションの記録をどのストレージ アカウントのコンテナーに保存し、誰が閲覧しますか? 記録できるのは Premium SKU だけです。",
        }),
    ),
    ("NET024", Cover::Planned(&[By::Network])),
    (
        "RBA001",
        Cover::Asked(Text {
            en: "Who needs the right, for what, and how often? Taking away the wrong one locks people out.",
            ja: "この権限は誰が、何のために、どのくらいの頻度で必要としますか? 誤って削除すると必要な人が作業できなくなります。",
        }),
    ),
    (
        "RBA002",
        Cover::Asked(Text {
            en: "Who needs the right, for what, and how often? Taking away the wrong one locks people out.",
            ja: "この権限は誰が、何のために、どのくらいの頻度で必要としますか? 誤って削除すると必要な人が作業できなくなります。",
        }),
    ),
    (
        "RBA003",
        Cover::Asked(Text {
            en: "Who needs the right, for what, and how often? Taking away the wrong one locks people out.",
            ja: "この権限は誰が、何のために、どのくらいの頻度で必要としますか? 誤って削除すると必要な人が作業できなくなります。",
        }),
    ),
    (
        "RBA004",
        Cover::Asked(Text {
            en: "Who needs the right, for what, and how often? Taking away the wrong one locks people out.",
            ja: "この権限は誰が、何のために、どのくらいの頻度で必要としますか? 誤って削除すると必要な人が作業できなくなります。",
        }),
    ),
    (
        "RBA005",
        Cover::Asked(Text {
            en: "Who needs the right, for what, and how often? Taking away the wrong one locks people out.",
            ja: "この権限は誰が、何のために、どのくらいの頻度で必要としますか? 誤って削除すると必要な人が作業できなくなります。",
        }),
    ),
    (
        "RBA006",
        Cover::Asked(Text {
            en: "Who needs the right, for what, and how often? Taking away the wrong one locks people out.",
            ja: "この権限は誰が、何のために、どのくらいの頻度で必要としますか? 誤って削除すると必要な人が作業できなくなります。",
        }),
    ),
    (
        "RBA007",
        Cover::Asked(Text {
            en: "Is whoever had the right surely gone? The directory may merely not show them to whoever collected.",
            ja: "権限を持っていたユーザーは確実に削除されていますか? 収集時の権限では見えないだけの可能性もあります。",
        }),
    ),
    ("UPD001", Cover::Planned(&[By::Machine])),
    ("UPD002", Cover::Planned(&[By::Machine])),
    ("UPD003", Cover::Planned(&[By::Machine])),
    ("UPD004", Cover::Planned(&[By::Machine])),
    (
        "UPD005",
        Cover::Asked(Text {
            en: "Is the system to be upgraded in place, paid support taken, or the machine made anew?",
            ja: "OS のアップグレード、有償の延長サポート、VM の作り直しのどれにしますか?",
        }),
    ),
    (
        "UPD006",
        Cover::Asked(Text {
            en: "When can the machine be made anew, and where is what has to stay?",
            ja: "VM をいつ作り直せますか? また、残す必要があるデータはどこにありますか?",
        }),
    ),
    (
        "UPD007",
        Cover::Asked(Text {
            en: "When can the machine be made anew, and where is what has to stay?",
            ja: "VM をいつ作り直せますか? また、残す必要があるデータはどこにありますか?",
        }),
    ),
];

/// Findings for which the machine is to be made anew.
const ANEW: [&str; 8] = ["ACC001", "ENC002", "HRD001", "HRD007", "HRD008", "UPD005", "UPD006", "UPD007"];

/// Recommendations of Defender for Cloud that a check looks at among others, and the check whose fix is for it; none where
/// none is.
const KEYS: [(&str, Option<&str>); 2] = [
    // "EDR solution should be installed": antimalware alone does not do.
    ("06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c", Some("MAL004")),
    // "Guest attestation status should be healthy": somebody has to look.
    ("b7604066-ed76-45f9-a5c1-c97e4812dc55", None),
];

/// The check of ours whose fix mends what a recommendation is about: for a machine one that looks at machines.
fn by_key(key: &str, machine: bool) -> Option<&'static str> {
    if let Some((_, code)) = KEYS.iter().find(|(its, _)| key.eq_ignore_ascii_case(its)) {
        return *code;
    }
    let is = |reference: &Reference| matches!(reference, Reference::Defender(its) if its.eq_ignore_ascii_case(key));
    let looks = CHECKS.iter().filter(|check| check.run.is_vm() == machine && check.refs.iter().any(is));
    let looks = looks.map(|check| check.code);
    let planned = |code: &&str| match coverage(code) {
        Some(Cover::Planned(by)) => by.iter().any(|by| *by != By::Network),
        _ => false,
    };
    looks.into_iter().find(planned)
}

/// The check whose fix mends a finding.
fn code_of(finding: &Finding) -> &'static str {
    let code = finding.check.code;
    match code {
        "DEF005" | "DEF012" => {
            let key = fact(finding, "recommendation");
            key.and_then(|key| by_key(key, code == "DEF005")).unwrap_or(code)
        }
        _ => code,
    }
}

/// The findings that somebody plans for, by the checks whose fixes mend them.
pub(super) fn tasks_of<'f>(by: By, findings: &[&'f Finding]) -> Vec<Task<'f>> {
    let task = |finding: &&'f Finding| Task { code: code_of(finding), finding };
    let mine =
        |task: &Task<'_>| matches!(coverage(task.code), Some(Cover::Planned(all)) if all.contains(&by));
    findings.iter().map(task).filter(mine).collect()
}

/// Asks about everything that somebody has to decide, and about what no planner could plan for.
pub(super) fn ask_rest(planner: &Planner<'_>, findings: &[&Finding], plan: &mut Plan) {
    let mut draft = Draft::new(planner, plan);
    draft.take_over();
    let lang = draft.lang();
    // One question for findings that are mended alike.
    let mut all: BTreeMap<(&'static str, &str), (String, Vec<Task<'_>>)> = BTreeMap::new();
    for finding in findings {
        if draft.is_taken(finding) {
            continue;
        }
        let code = finding.check.code;
        let question = match coverage(code) {
            Some(Cover::Asked(question)) => question.of(lang).to_owned(),
            Some(Cover::Planned(by)) if !by.contains(&By::Network) => say!(
                lang,
                "The input does not tell enough to plan a change.",
                "入力の情報が足りないため、変更を計画できません。"
            ),
            Some(Cover::Nothing(why)) => why.of(lang).to_owned(),
            Some(_) | None => continue,
        };
        let task = Task { code, finding };
        // What Defender recommends differs from one to the next.
        let key = fact(finding, "recommendation").unwrap_or(&finding.fix);
        all.entry((code, key)).or_insert_with(|| (question, Vec::new())).1.push(task);
    }
    for ((code, _), (question, tasks)) in all {
        let Some(first) = tasks.first() else { continue };
        let mut answers = vec![clean_lines(&first.finding.fix)];
        if let Some(key) = fact(first.finding, "recommendation") {
            answers.push(format!(
                "https://portal.azure.com/#blade/Microsoft_Azure_Security/RecommendationsBlade/assessmentKey/{}",
                clean(key)
            ));
        }
        if ANEW.contains(&code) {
            let id = match tasks.as_slice() {
                [one] => draft.estate().text(one.finding.resource).to_owned(),
                _ => "<VM-ID>".to_owned(),
            };
            answers.push(say!(
                lang,
                "make the VM anew: `sekimori export {id} --hardened`",
                "VM を作り直す: `sekimori export {id} --hardened`"
            ));
        }
        draft.ask(&tasks, question, answers);
    }
}

/// Text of a check: lines stay, nothing else that is no letter does.
fn clean_lines(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_check_is_forgotten() {
        let missing: Vec<&str> =
            CHECKS.iter().map(|check| check.code).filter(|code| coverage(code).is_none()).collect();
        assert!(missing.is_empty(), "say in `TABLE` what becomes of {missing:?}");
        for (code, _) in TABLE {
            assert!(CHECKS.iter().any(|check| check.code == *code), "there is no check {code}");
        }
        assert!(TABLE.is_sorted_by_key(|(code, _)| *code));
        for code in ANEW {
            assert!(matches!(coverage(code), Some(Cover::Asked(_))), "{code}");
        }
    }

    #[test]
    fn recommendations_are_mended_by_the_fix_of_their_check() {
        for (key, code) in [
            ("efbbd784-656d-473a-9863-ea7693bfcd2a", Some("ENC001")),
            ("EFBBD784-656D-473A-9863-EA7693BFCD2A", Some("ENC001")),
            ("06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c", Some("MAL004")),
            ("b7604066-ed76-45f9-a5c1-c97e4812dc55", None),
            ("56a6e81f-7413-4f72-9a1b-aaeeaa87c872", Some("DEF001")),
            ("f2f595ec-5dc6-68b4-82ef-b63563e9c610", Some("BKP001")),
            ("805651bc-6ecd-4c73-9b55-97a19d0582d0", Some("JIT001")),
            ("e1145ab1-eb4f-43d8-911b-36ddf771d13f", Some("UPD002")),
            ("c3b51c94-588b-426b-a892-24696f9e54cc", Some("NET012")),
            ("no such key", None),
        ] {
            assert_eq!(by_key(key, code != Some("DEF001")), code, "{key}");
        }
    }
}
