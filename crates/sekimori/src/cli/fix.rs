//! The options of `sekimori fix`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, TypedValueParser};

use super::{LiveArgs, check_sources_help, choice, configuration_heading, live_heading, output_heading, t};

fn deciding_heading() -> &'static str {
    t("What you decide", "判断の指定")
}

fn proof_heading() -> &'static str {
    t("What has to stay", "維持する通信")
}

fn applying_heading() -> &'static str {
    t("Making the changes", "適用と取り消し")
}

/// The form of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FixForm {
    #[default]
    Text,
    Json,
    Az,
    Arm,
    Bicep,
    Terraform,
    Patch,
}

fn form_parser() -> impl TypedValueParser<Value = FixForm> {
    let value =
        |name: &'static str, en: &'static str, ja: &'static str| PossibleValue::new(name).help(t(en, ja));
    choice(vec![
        (FixForm::Text, value("text", "for people", "人が読む形式")),
        (FixForm::Json, value("json", "for programs", "プログラム向けの形式")),
        (FixForm::Az, value("az", "commands of the Azure CLI", "Azure CLI のコマンド")),
        (FixForm::Arm, value("arm", "a template to deploy", "デプロイ用の ARM テンプレート")),
        (FixForm::Bicep, value("bicep", "the same as Bicep", "同じ内容の Bicep")),
        (FixForm::Terraform, value("terraform", "blocks for Terraform", "Terraform のブロック")),
        (
            FixForm::Patch,
            value(
                "patch",
                "changes of the code that --code names, for `git apply`",
                "--code で指定したコードへの変更 (`git apply` 用)",
            ),
        ),
    ])
}

#[derive(Args, Default)]
pub(crate) struct FixArgs {
    #[arg(value_name = "SOURCE", help = check_sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[command(flatten, next_help_heading = live_heading())]
    pub(crate) live: LiveArgs,

    #[arg(long, value_name = "CHECK", value_delimiter = ',', help = t("Close the findings of these checks only: codes, prefixes of codes, names or checkpoints", "対象のチェック (コード、コードの先頭部分、名前、点検項目)"))]
    pub(crate) select: Vec<String>,
    #[arg(long, value_name = "CHECK", value_delimiter = ',', help = t("Leave these checks out", "対象外のチェック"))]
    pub(crate) ignore: Vec<String>,
    #[arg(long, value_name = "NAME", value_delimiter = ',', help = t("Only findings about these resources: names or ids", "対象のリソース (名前または ID)"))]
    pub(crate) resource: Vec<String>,
    #[arg(long, value_name = "ID", value_delimiter = ',', help = t("Only these findings, by their ids", "対象の検出 (ID)"))]
    pub(crate) finding: Vec<String>,
    #[arg(long, value_name = "FORMAT", value_parser = form_parser(), default_value = "text", help_heading = output_heading(), help = t("Form of the plan", "計画の形式"))]
    pub(crate) format: FixForm,
    #[arg(long, value_name = "FOLDER", help_heading = output_heading(), help = t("Code that owns resources (Terraform, Bicep, ARM templates): changes of what it owns are given as a patch of it", "リソースを管理しているコード (Terraform、Bicep、ARM テンプレート) のフォルダー。変更をコードへのパッチとして出力します"))]
    pub(crate) code: Option<PathBuf>,

    #[arg(long, value_name = "[NAME=]PREFIX", value_delimiter = ',', help_heading = deciding_heading(), help = t("Addresses that the team's people come from: rules for login ports are narrowed to them", "自社の接続元アドレス。ログイン用ポートの規則をこれらに限定します"))]
    pub(crate) approve: Vec<String>,
    #[arg(long, help_heading = deciding_heading(), help = t("Close login ports and use just-in-time access in place of rules", "ログイン用ポートを閉じ、規則の代わりに Just-In-Time (JIT) VM アクセスを使う"))]
    pub(crate) lease: bool,
    #[arg(long, help_heading = deciding_heading(), help = t("Close open ports that no approved source is known for", "承認済みの接続元がない公開ポートを閉じる"))]
    pub(crate) close: bool,
    #[arg(long, help_heading = deciding_heading(), help = t("Passwords over SSH may be switched off, by a script in the guest", "ゲスト内のスクリプトで SSH のパスワード認証を無効にしてよい"))]
    pub(crate) passwords_off: bool,
    #[arg(long, value_name = "ID", help_heading = deciding_heading(), help = t("The Recovery Services vault for backups", "バックアップに使う Recovery Services コンテナーの ID"))]
    pub(crate) vault: Option<String>,
    #[arg(long, value_name = "NAME", help_heading = deciding_heading(), help = t("The backup policy in the vault [default: DefaultPolicy]", "コンテナー内のバックアップ ポリシー [既定値: DefaultPolicy]"))]
    pub(crate) backup_policy: Option<String>,
    #[arg(long, value_name = "VM", value_delimiter = ',', conflicts_with_all = ["select", "finding", "resource"], help_heading = deciding_heading(), help = t("Take the public address of a VM away, in order: way out, private way, rules, address", "VM のパブリック IP アドレスを順序どおりに外す (送信経路の確保、プライベートな経路の証明、規則、アドレス)"))]
    pub(crate) private: Vec<String>,
    #[arg(long, value_name = "ID", requires = "private", help_heading = deciding_heading(), help = t("With --private: the NAT gateway that the subnet goes out by; without it a new one is made where there is no other way out", "--private と併用: サブネットの送信に使う NAT ゲートウェイの ID。省略時、ほかに送信経路がなければ新しく作成します"))]
    pub(crate) nat_gateway: Option<String>,
    #[arg(long, value_name = "PREFIX", requires = "private", value_delimiter = ',', help_heading = deciding_heading(), help = t("With --private: where a relay or jump host comes from, as the private way", "--private と併用: 中継サーバーや踏み台の送信元アドレス (プライベートな経路として使用)"))]
    pub(crate) relay: Vec<String>,

    #[arg(long, value_name = "FLOW", help_heading = proof_heading(), help = t("A flow that has to pass afterwards as before: `corp -> vm1:443`, `internet -> dns1:53/udp`; may be given several times", "適用後も通過しなければならない通信: `corp -> vm1:443`、`internet -> dns1:53/udp` など (複数回指定可)"))]
    pub(crate) keep: Vec<String>,
    #[arg(long, value_name = "FILE", help_heading = proof_heading(), help = t("The same as a batch of `sekimori flow`", "同じ内容を `sekimori flow` の --batch 形式で指定するファイル"))]
    pub(crate) keep_file: Vec<PathBuf>,
    #[arg(long, value_name = "ADDRESS", help_heading = proof_heading(), help = t("Where you come from yourself: your own way in stays", "自分の接続元アドレス。自分が接続できる経路を維持します"))]
    pub(crate) my_address: Vec<String>,
    #[arg(long, help_heading = proof_heading(), help = t("Make changes although they may lock you out", "自分が接続できなくなる可能性があっても適用する"))]
    pub(crate) lock_me_out: bool,

    #[arg(long, help_heading = applying_heading(), help = t("Make the changes in Azure, after asking", "確認のうえ、Azure に適用する"))]
    pub(crate) apply: bool,
    #[arg(short = 'y', long, help_heading = applying_heading(), help = t("Do not ask", "確認せずに適用する"))]
    pub(crate) yes: bool,
    #[arg(long, help_heading = applying_heading(), help = t("With --apply: changes that restart or deallocate a VM, too", "--apply と併用: VM の再起動や割り当て解除を伴う変更も適用する"))]
    pub(crate) restart: bool,
    #[arg(long, help_heading = applying_heading(), help = t("With --apply: what code or a service owns, too", "--apply と併用: コードやサービスが管理しているリソースも変更する"))]
    pub(crate) owned: bool,
    #[arg(long, value_name = "FILE", help_heading = applying_heading(), help = t("Where the undo file is written [default: sekimori-undo-<time>.ndjson here]", "取り消し用ファイルの書き込み先 [既定値: 現在のフォルダーの sekimori-undo-<日時>.ndjson]"))]
    pub(crate) undo_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sources", "apply", "private"], help_heading = applying_heading(), help = t("Take back what this undo file tells of", "取り消し用ファイルに記録された変更を元に戻す"))]
    pub(crate) undo: Option<PathBuf>,

    #[arg(long, hide = true, help = t("Wait a fiftieth of the time, for tests", "待ち時間を 50 分の 1 にする (テスト用)"))]
    pub(crate) hurry: bool,
    #[arg(long, value_name = "PORT", value_delimiter = ',', help_heading = configuration_heading(), help = t("The TCP ports that administrators log in through [default: 22,3389,5985,5986]", "管理者がログインに使う TCP ポート [既定値: 22,3389,5985,5986]"))]
    pub(crate) management_ports: Vec<String>,
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = configuration_heading(), help = t("The configuration; without it `sekimori.toml` is looked for from here upward", "設定ファイル。省略時は現在のフォルダーから上に向かって `sekimori.toml` を探します"))]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, help_heading = configuration_heading(), help = t("Heed no configuration file", "設定ファイルを使わない"))]
    pub(crate) no_config: bool,
}
