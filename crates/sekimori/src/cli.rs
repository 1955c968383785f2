//! The command line. Help is in the language of the person who asks: see [`t`].

mod fix;
mod help;

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand};
use config::{FailOn, Format};
use posture::{Catalogue, Lang};

use crate::language::pick;
pub(crate) use fix::{FixArgs, FixForm};
use help::{
    CHECK_HELP, CHECK_HELP_JA, COLLECT_HELP, COLLECT_HELP_JA, COMPLETIONS_HELP, COMPLETIONS_HELP_JA,
    CONFIG_HELP, CONFIG_HELP_JA, DIFF_HELP, DIFF_HELP_JA, EXPAND_HELP, EXPAND_HELP_JA, EXPORT_HELP,
    EXPORT_HELP_JA, FIX_HELP, FIX_HELP_JA, FLOW_HELP, FLOW_HELP_JA, IMPORT_HELP, IMPORT_HELP_JA,
    NEXT_HOP_HELP, NEXT_HOP_HELP_JA, POLICY_HELP, POLICY_HELP_JA, REACH_HELP, REACH_HELP_JA, ROUTES_HELP,
    ROUTES_HELP_JA, TAGS_HELP, TAGS_HELP_JA, TRUTH_HELP, TRUTH_HELP_JA, VERIFY_HELP, VERIFY_HELP_JA,
    WHAT_IF_HELP, WHAT_IF_HELP_JA, WHO_HELP, WHO_HELP_JA,
};

static LANG: OnceLock<Lang> = OnceLock::new();

/// Sets the language of help. It is told before the command line is read, as help is a part of it.
pub(crate) fn speak(lang: Lang) {
    // Whoever speaks first is heard: the program calls this once.
    let _ = LANG.set(lang);
}

/// A text in the language of help.
fn t(en: &'static str, ja: &'static str) -> &'static str {
    pick(LANG.get().copied().unwrap_or_default(), en, ja)
}

#[derive(Parser)]
#[command(
    name = "sekimori",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    about = t(
        "The keeper of your Azure VMs' gates: who can reach their login, from where, and how to close it",
        "Azure VM の関守: ログインに到達できるのは誰か、どこからか、どうすれば閉じられるかを示します"
    ),
)]
pub(crate) struct Cli {
    #[arg(long, global = true, value_name = "ja|en", value_parser = lang_parser(), help = t("Language of the output", "出力の言語"))]
    pub(crate) lang: Option<Lang>,
    #[arg(long, global = true, value_name = "auto|always|never", value_parser = colour_parser(), hide_possible_values = true, help = t("Colours; NO_COLOR and CLICOLOR_FORCE are heeded", "色付け (NO_COLOR と CLICOLOR_FORCE にも従います)"))]
    pub(crate) color: Option<Colour>,
    #[arg(long, global = true, help = t("Do not show long text in a pager", "長い文章をページャーで表示しない"))]
    pub(crate) no_pager: bool,
    #[arg(short, long, global = true, action = ArgAction::Help, help = t("Help", "ヘルプを表示"))]
    help: Option<bool>,
    #[arg(short = 'V', long, action = ArgAction::Version, help = t("The version", "バージョンを表示"))]
    version: Option<bool>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(
        about = t("Check an estate: every weak point of remote access, with its proof", "環境を点検し、リモート アクセスの弱点を証拠とともに示します"),
        after_help = t(CHECK_HELP, CHECK_HELP_JA)
    )]
    Check(Box<CheckArgs>),
    #[command(
        about = t("Read what runs in Azure now, and write it as a snapshot", "Azure で現在動作している環境を読み取り、スナップショットとして書き込みます"),
        after_help = t(COLLECT_HELP, COLLECT_HELP_JA)
    )]
    Collect(CollectArgs),
    #[command(
        about = t("Ask Azure itself about a sample of VMs, and tell where its answers differ from ours", "VM を抽出して Azure 自身に問い合わせ、Sekimori の判定と異なる点を示します"),
        after_help = t(TRUTH_HELP, TRUTH_HELP_JA)
    )]
    Truth(TruthArgs),
    #[command(
        about = t("Ask what `az network watcher test-ip-flow` asks: does a flow pass the groups of a NIC?", "`az network watcher test-ip-flow` と同じく、通信が NIC の NSG を通過できるかを調べます"),
        after_help = t(FLOW_HELP, FLOW_HELP_JA)
    )]
    Flow(FlowArgs),
    #[command(
        about = t("Show everything that gets to a VM: ports, sources, ways in, and paths over other machines", "VM に到達できるすべての経路 (ポート、送信元、入口、ほかのマシン経由) を示します"),
        after_help = t(REACH_HELP, REACH_HELP_JA)
    )]
    Reach(ReachArgs),
    #[command(
        about = t("Compare two estates: exposures that appeared, vanished, widened or narrowed", "2 つの環境を比較し、新たに公開されたもの、閉じられたもの、送信元が広がったもの、狭まったものを示します"),
        after_help = t(DIFF_HELP, DIFF_HELP_JA)
    )]
    Diff(DiffArgs),
    #[command(
        about = t("Print what an ARM template, a Bicep file or a Terraform plan would deploy, as ARM resources", "ARM テンプレート、Bicep ファイル、Terraform プランがデプロイするリソースを ARM の形で出力します"),
        after_help = t(EXPAND_HELP, EXPAND_HELP_JA)
    )]
    Expand(ExpandArgs),
    #[command(
        about = t("Write machines as an ARM template, hardened, to deploy them anew with the newest image", "既存の仮想マシンを ARM テンプレートとして書き出し、最新のイメージで再デプロイできるようにします (強化も可能)"),
        after_help = t(EXPORT_HELP, EXPORT_HELP_JA)
    )]
    Export(ExportArgs),
    #[command(
        about = t("Put the results of other tools beside ours: Prowler, Checkov, Defender for Cloud", "ほかのツール (Prowler、Checkov、Defender for Cloud など) の結果と Sekimori の判定を並べて比較します"),
        after_help = t(IMPORT_HELP, IMPORT_HELP_JA)
    )]
    Import(ImportArgs),
    #[command(
        about = t("Close what should be closed: the smallest changes, proved first, made on request, taken back by one command", "閉じるべきものを最小の変更で閉じます (事前に証明し、要求があれば適用し、1 コマンドで元に戻せます)"),
        after_help = t(FIX_HELP, FIX_HELP_JA)
    )]
    Fix(Box<FixArgs>),
    #[command(
        name = "effective-nsg",
        about = t("Print what `az network nic list-effective-nsg` prints: the groups that filter for a NIC", "`az network nic list-effective-nsg` と同じく、NIC に適用される NSG を出力します"),
        after_help = t(
            "Exit codes:\n  0  answered in full\n  2  wrong usage, or no such NIC\n  3  some of the answer is not known, or some input could not be read\n\nExamples:\n  sekimori effective-nsg estate --nic web1-nic",
            "終了コード:\n  0  すべて回答\n  2  使い方の誤り、または該当する NIC なし\n  3  回答の一部が不明、または入力の一部を読み取れない\n\n例:\n  sekimori effective-nsg estate --nic web1-nic"
        )
    )]
    EffectiveNsg {
        #[arg(value_name = "SOURCE", required = true, help = sources_help())]
        sources: Vec<PathBuf>,
        #[arg(long, value_name = "NIC", help = t("The NIC: its name, group/name or id", "NIC の名前、リソース グループ/名前、または ID"))]
        nic: String,
    },
    #[command(
        name = "effective-routes",
        about = t("Print what `az network nic show-effective-route-table` prints: the routes of a NIC", "`az network nic show-effective-route-table` と同じく、NIC に適用されるルートを出力します"),
        after_help = t(ROUTES_HELP, ROUTES_HELP_JA)
    )]
    EffectiveRoutes {
        #[arg(value_name = "SOURCE", required = true, help = sources_help())]
        sources: Vec<PathBuf>,
        #[arg(long, value_name = "NIC", help = t("The NIC: its name, group/name or id", "NIC の名前、リソース グループ/名前、または ID"))]
        nic: String,
    },
    #[command(
        name = "next-hop",
        about = t("Ask what `az network watcher show-next-hop` asks: where do packets of a VM go next?", "`az network watcher show-next-hop` と同じく、VM からのパケットの次の転送先を調べます"),
        after_help = t(NEXT_HOP_HELP, NEXT_HOP_HELP_JA)
    )]
    NextHop(NextHopArgs),
    #[command(
        name = "what-if",
        about = t("Ask what conditional access demands of somebody who signs in, wherever something is left open", "サインイン時に条件付きアクセスが何を要求するかを、未指定の条件も含めて調べます"),
        after_help = t(WHAT_IF_HELP, WHAT_IF_HELP_JA)
    )]
    WhatIf(WhatIfArgs),
    #[command(
        about = t("Ask who gets into a VM, by which right, and what is demanded of them", "VM にログインできるユーザーを、権限と要求される条件とともに調べます"),
        after_help = t(WHO_HELP, WHO_HELP_JA)
    )]
    Who(WhoArgs),
    #[command(
        name = "verify-evidence",
        about = t("Look at the ways in of a report again: packet by packet, rule by rule", "レポートの経路を、パケットと規則を 1 つずつたどって再確認します"),
        after_help = t(VERIFY_HELP, VERIFY_HELP_JA)
    )]
    VerifyEvidence {
        #[arg(value_name = "RESULT.json", help = t("The report: what `check --format json` wrote", "`check --format json` の出力"))]
        result: PathBuf,
        #[arg(value_name = "SOURCE", required = true, help = sources_help())]
        sources: Vec<PathBuf>,
        #[command(flatten)]
        form: FormArg,
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(
        about = t("Tell what a check looks for, why, and what to do", "チェックの内容、理由、対処方法を説明します"),
        after_help = t("Examples:\n  sekimori explain NET001\n  sekimori explain exposed-management-port", "例:\n  sekimori explain NET001\n  sekimori explain exposed-management-port")
    )]
    Explain {
        #[arg(value_name = "CHECK", help = t("Its code (NET001) or name (exposed-management-port)", "コード (NET001) または名前 (exposed-management-port)"))]
        check: String,
    },
    #[command(
        about = t("List the checks", "チェックの一覧を表示します"),
        after_help = t("Examples:\n  sekimori checks\n  sekimori checks --format json", "例:\n  sekimori checks\n  sekimori checks --format json")
    )]
    Checks {
        #[command(flatten)]
        form: FormArg,
    },
    #[command(
        about = t("Look at the configuration, `sekimori.toml`", "設定 (`sekimori.toml`) を確認します"),
        after_help = t(CONFIG_HELP, CONFIG_HELP_JA)
    )]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    #[command(
        about = t("Look at the list of service tags, or bring a newer one", "サービス タグの一覧を確認し、新しいものに更新します"),
        after_help = t(TAGS_HELP, TAGS_HELP_JA)
    )]
    Tags {
        #[command(subcommand)]
        command: TagsCommand,
    },
    #[command(hide = true, name = "own-checks", about = t("Work own checks out; the program calls itself by this", "独自チェックの実行 (内部用)"))]
    OwnChecks {
        #[arg(long, value_name = "BYTES", help = t("The memory that it may take", "メモリの上限"))]
        memory: u64,
        #[arg(long, value_name = "SECONDS", help = t("The time that it may take", "時間の上限"))]
        seconds: u64,
        #[arg(long, value_name = "PID", help = t("The process that reads what it says", "結果を読み取るプロセス"))]
        parent: u32,
    },
    #[command(
        about = t("Look at policies, and what becomes of them", "ポリシーとその判定状況を確認します"),
        after_help = t(POLICY_HELP, POLICY_HELP_JA)
    )]
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    #[command(
        about = t("Print completions for a shell", "シェルの補完スクリプトを出力します"),
        after_help = t(COMPLETIONS_HELP, COMPLETIONS_HELP_JA)
    )]
    Completions {
        #[arg(value_name = "SHELL", value_enum, help = t("The shell", "シェルの種類"))]
        shell: clap_complete::Shell,
    },
    #[command(
        about = t("Print the manual page, or write all of them to a folder", "マニュアル ページを出力します。フォルダーを指定すると全ページを書き込みます"),
        after_help = t("Examples:\n  sekimori man | man -l -\n  sekimori man ~/.local/share/man/man1", "例:\n  sekimori man | man -l -\n  sekimori man ~/.local/share/man/ja/man1")
    )]
    Man {
        #[arg(value_name = "FOLDER", help = t("Where to write the pages", "ページを書き込むフォルダー"))]
        folder: Option<PathBuf>,
    },
    #[command(
        about = t("Tell the version", "バージョンを表示します"),
        after_help = t("Examples:\n  sekimori version\n  sekimori version --verbose --format json", "例:\n  sekimori version\n  sekimori version --verbose --format json")
    )]
    Version {
        #[arg(long, short, help = t("Also the date of the service tags, the features and the machine", "サービス タグの日付、機能、実行環境も表示"))]
        verbose: bool,
        #[command(flatten)]
        form: FormArg,
    },
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    #[command(about = t("Tell whether the configuration is right", "設定に誤りがないかを確認します"))]
    Check {
        #[command(flatten)]
        config: ConfigArgs,
    },
    #[command(about = t("Show what is set, and by what", "有効な設定と、その出どころを表示します"))]
    Show {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        form: FormArg,
    },
    #[command(about = t("Print the schema of `sekimori.toml`, for editors", "エディター用の `sekimori.toml` のスキーマを出力します"))]
    Schema,
    #[command(about = t("Print the table of settings, as Markdown", "設定の一覧表を Markdown で出力します"))]
    Table,
}

#[derive(Subcommand)]
pub(crate) enum TagsCommand {
    #[command(about = t("Take over Microsoft's weekly list (ServiceTags_Public_….json), or what `az network list-service-tags` prints", "Microsoft が毎週公開する一覧 (ServiceTags_Public_….json) または `az network list-service-tags` の出力を取り込みます"))]
    Update {
        #[arg(value_name = "FILE", help = t("The list", "一覧のファイル"))]
        file: PathBuf,
        #[arg(long, value_name = "YYYY-MM-DD", help = t("When it was published; must be given where the name of the file does not tell", "公開日 (ファイル名から分からない場合は必須)"))]
        date: Option<String>,
        #[arg(long, value_name = "FILE", hide = true, help = t("Where to keep it", "保存先"))]
        to: Option<PathBuf>,
    },
    #[command(about = t("Go back to the list that the program holds", "プログラムに含まれる一覧に戻します"))]
    Reset,
    #[command(about = t("Show the list, or the addresses of one tag", "一覧、または 1 つのタグのアドレスを表示します"))]
    Show {
        #[arg(value_name = "TAG", help = t("A tag, such as AzureCloud.japaneast", "タグ (例: AzureCloud.japaneast)"))]
        tag: Option<String>,
        #[command(flatten)]
        form: FormArg,
    },
}

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    #[command(about = t("Tell of each policy whether it was judged, and how it stands", "各ポリシーが判定されたか、結果がどうかを表示します"))]
    List {
        #[arg(value_name = "SOURCE", required = true, help = sources_help())]
        sources: Vec<PathBuf>,
        #[arg(long, value_name = "POLICY", help = policy_help())]
        policy: Vec<PathBuf>,
        #[command(flatten)]
        form: FormArg,
    },
    #[command(about = t("Take over Azure's own definitions from a folder of https://github.com/Azure/azure-policy", "https://github.com/Azure/azure-policy のフォルダーから Azure の組み込み定義を取り込みます"))]
    Update {
        #[arg(value_name = "FOLDER", help = t("The folder; all .json files below it are looked at", "フォルダー (その下のすべての .json ファイルが対象)"))]
        folder: PathBuf,
        #[arg(long, value_name = "YYYY-MM-DD", help = t("When they were published", "公開日"))]
        date: String,
        #[arg(long, value_name = "FILE", hide = true, help = t("Where to keep them", "保存先"))]
        to: Option<PathBuf>,
    },
    #[command(about = t("Write a check of your own to start from, in Rego, with its tests", "独自チェックのひな形 (Rego) とテストを書き込みます"))]
    New {
        #[arg(value_name = "NAME", help = t("Its name: small letters, digits and _", "名前 (英小文字、数字、_)"))]
        name: String,
        #[arg(long = "to", value_name = "FOLDER", help = t("Where to write it", "書き込み先のフォルダー"))]
        folder: Option<PathBuf>,
    },
    #[command(about = t("Run the tests of your own checks (rules `test_…` in files `…_test.rego`)", "独自チェックのテスト (`…_test.rego` の `test_…` 規則) を実行します"))]
    Test {
        #[arg(value_name = "PATH", required = true, help = t("Files or folders", "ファイルまたはフォルダー"))]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        form: FormArg,
    },
    #[command(about = t("Print the estate as your own checks see it", "独自チェックに渡される入力 (JSON) を出力します"))]
    Input {
        #[arg(value_name = "SOURCE", required = true, help = sources_help())]
        sources: Vec<PathBuf>,
    },
    #[command(about = t("Go back to the definitions that the program holds", "プログラムに含まれる定義に戻します"))]
    Reset,
}

#[derive(Args)]
pub(crate) struct ConfigArgs {
    #[arg(long, value_name = "FILE", help = t("The configuration; without it `sekimori.toml` is looked for from here upward", "設定ファイル。省略時は現在のフォルダーから上に向かって `sekimori.toml` を探します"))]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct FormArg {
    #[arg(long = "format", value_name = "FORMAT", default_value = "text", value_parser = form_parser(), help = t("Form of the output", "出力の形式"))]
    pub(crate) form: Form,
}

fn sources_help() -> &'static str {
    t(
        "Files or folders with what `az` prints, snapshots (.ndjson, .ndjson.zst), ARM templates, Bicep files, Terraform plans, or - for standard input",
        "`az` の出力、スナップショット (.ndjson、.ndjson.zst)、ARM テンプレート、Bicep、Terraform プランのファイルまたはフォルダー。標準入力は -",
    )
}

fn template_heading() -> &'static str {
    t("Templates", "テンプレート")
}

/// What templates among the sources are deployed with.
#[derive(Args, Default)]
pub(crate) struct DeployArgs {
    #[arg(short, long, value_name = "FILE|NAME=VALUE", help_heading = template_heading(), help = t("Values for a template's parameters: a parameter file or NAME=VALUE; may be given several times, the last value counts", "テンプレートのパラメーター (パラメーター ファイルまたは 名前=値)。複数回指定でき、後の値が優先されます"))]
    pub(crate) parameters: Vec<String>,
    #[arg(short = 'g', long, value_name = "NAME", help_heading = template_heading(), help = t("The resource group that a template is deployed to", "テンプレートのデプロイ先リソース グループ"))]
    pub(crate) resource_group: Option<String>,
    #[arg(long, value_name = "LOCATION", help_heading = template_heading(), help = t("The location of the resource group, or of the deployment", "リソース グループ (またはデプロイ) の場所"))]
    pub(crate) location: Option<String>,
}

impl DeployArgs {
    pub(crate) fn deploy(&self, subscription: Option<&str>) -> crate::template::Deploy {
        crate::template::Deploy::new(
            self.parameters.clone(),
            subscription,
            self.resource_group.as_deref(),
            self.location.as_deref(),
        )
    }
}

/// The same for commands that have no live Azure.
#[derive(Args, Default)]
pub(crate) struct TargetArgs {
    #[command(flatten)]
    pub(crate) deploy: DeployArgs,
    #[arg(long, value_name = "ID", help_heading = template_heading(), help = t("The subscription that a template is deployed to", "テンプレートのデプロイ先サブスクリプション"))]
    pub(crate) subscription: Option<String>,
}

impl TargetArgs {
    pub(crate) fn deploy(&self) -> crate::template::Deploy {
        self.deploy.deploy(self.subscription.as_deref())
    }
}

#[derive(Args)]
pub(crate) struct ExpandArgs {
    #[arg(value_name = "TEMPLATE", required = true, help = t("ARM templates, Bicep files, Terraform plans, or - for standard input", "ARM テンプレート、Bicep ファイル、Terraform プラン。標準入力は -"))]
    pub(crate) templates: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[arg(long = "format", value_name = "FORMAT", default_value = "json", value_parser = form_parser(), help = t("Form of the output", "出力の形式"))]
    pub(crate) form: Form,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[arg(value_name = "VM", required = true, help = t("The machines: names, group/names or ids", "仮想マシンの名前、リソース グループ/名前、または ID"))]
    pub(crate) machines: Vec<String>,
    #[arg(long, value_name = "SOURCE", help = t("Where the machines are told: files or folders with what `az` prints, or snapshots; without it what runs in Azure now. May be given several times", "仮想マシンの情報源 (`az` の出力やスナップショットのファイルまたはフォルダー)。省略時は Azure を直接読み取ります。複数回指定できます"))]
    pub(crate) source: Vec<PathBuf>,
    #[arg(long, help = t("Change what the checks would find", "チェックで検出される項目を改善した形で書き出す"))]
    pub(crate) hardened: bool,
    #[arg(long, value_name = "CIDR", value_delimiter = ',', requires = "hardened", help = t("Addresses that people may sign in from; without any nobody signs in from the internet", "サインインを許可する接続元アドレス。省略時はインターネットからのサインインをすべて閉じます"))]
    pub(crate) allow: Vec<String>,
    #[arg(short, long, value_name = "FILE", help = t("Write the template to a file, and its parameters beside it", "テンプレートをファイルに書き込み、パラメーター ファイルを隣に作成する"))]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten, next_help_heading = live_heading())]
    pub(crate) live: LiveArgs,
}

fn check_sources_help() -> &'static str {
    t(
        "Files or folders with what `az` prints, snapshots (.ndjson, .ndjson.zst), ARM templates, Bicep files, Terraform plans, or - for standard input; without it what runs in Azure now, by the sign-in that is there (az, environment, managed identity)",
        "`az` の出力、スナップショット (.ndjson、.ndjson.zst)、ARM テンプレート、Bicep、Terraform プランのファイルまたはフォルダー。標準入力は -。省略時は、既存のサインイン (az、環境変数、マネージド ID) で Azure を直接読み取ります",
    )
}

fn policy_help() -> &'static str {
    t(
        "Also judge by Azure Policy definitions, initiatives and assignments (.json) and by checks of your own (.rego): a file, a folder, or `builtin` for Azure's own; may be given several times",
        "Azure Policy の定義、イニシアティブ、割り当て (.json) と独自チェック (.rego) でも判定する。ファイル、フォルダー、または組み込み定義を表す `builtin`。複数回指定できます",
    )
}

fn live_heading() -> &'static str {
    t("Live Azure", "Azure の直接読み取り")
}

fn output_heading() -> &'static str {
    t("Output", "出力")
}

fn judging_heading() -> &'static str {
    t("Judging", "判定")
}

fn configuration_heading() -> &'static str {
    t("Configuration", "設定")
}

#[derive(Args, Default)]
pub(crate) struct CheckArgs {
    #[arg(value_name = "SOURCE", help = check_sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[command(flatten, next_help_heading = live_heading())]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) deploy: DeployArgs,
    #[arg(long, value_name = "azure|SNAPSHOT", help_heading = template_heading(), help = t("What a template would expose that is not exposed now: in Azure, or in a snapshot", "現在の環境 (Azure またはスナップショット) と比べ、テンプレートが新たに公開するものだけを示す"))]
    pub(crate) against: Option<PathBuf>,

    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), help_heading = output_heading(), help = t("Form of the report [default: text]", "レポートの形式 [既定値: text]"))]
    pub(crate) format: Option<Format>,
    #[arg(short, long, value_name = "FILE", help_heading = output_heading(), help = t("Write the report to a file, in the form that its name tells (.html, .json, .sarif, .md, .csv, .xml, .xlsx, .ocsf.json, .defender.csv, .txt); may be given several times, - is standard output", "レポートをファイルに書き込む。形式は拡張子 (.html、.json、.sarif、.md、.csv、.xml、.xlsx、.ocsf.json、.defender.csv、.txt) で決まります。複数回指定でき、- は標準出力です"))]
    pub(crate) output: Vec<PathBuf>,
    #[arg(long, value_name = "CATALOGUE", value_delimiter = ',', value_parser = catalogue_parser(), hide_possible_values = true, help_heading = output_heading(), help = t("Tell how controls stand in the text form, too: checkpoints, mcsb, cis", "テキスト形式でも、カタログの項目ごとの適合状況を表示する: checkpoints、mcsb、cis"))]
    pub(crate) compliance: Vec<Catalogue>,
    #[arg(long, help_heading = output_heading(), help = t("Show what was met, too", "適合した項目も表示する"))]
    pub(crate) all: bool,

    #[arg(long, value_name = "SEVERITY", value_parser = fail_on_parser(), help_heading = judging_heading(), help = t("Exit with 1 on findings of this severity or worse [default: low]", "この重大度以上の検出があれば終了コード 1 を返す [既定値: low]"))]
    pub(crate) fail_on: Option<FailOn>,
    #[arg(long, value_name = "CHECK", value_delimiter = ',', help_heading = judging_heading(), help = t("Run these checks only: codes, prefixes of codes, names or checkpoints", "実行するチェック (コード、コードの先頭部分、名前、点検項目)"))]
    pub(crate) select: Vec<String>,
    #[arg(long, value_name = "CHECK", value_delimiter = ',', help_heading = judging_heading(), help = t("Leave these checks out", "実行しないチェック"))]
    pub(crate) ignore: Vec<String>,
    #[arg(long, value_name = "CHECK", value_delimiter = ',', help_heading = judging_heading(), help = t("Exit with 3 when one of these checks is unknown or not assessed", "これらのチェックが不明または未評価なら終了コード 3 を返す"))]
    pub(crate) require: Vec<String>,
    #[arg(long, value_name = "POLICY", help_heading = judging_heading(), help = policy_help())]
    pub(crate) policy: Vec<PathBuf>,
    #[arg(long, value_name = "FILE", help_heading = judging_heading(), help = t("An earlier report in JSON: tell what is new, fixed and unchanged", "以前の JSON レポートと比べ、新規・解消・変化なしを示す"))]
    pub(crate) baseline: Option<PathBuf>,
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = judging_heading(), hide_possible_values = true, help = t("Only findings that the baseline does not have change the exit code", "baseline にない新規の検出だけを終了コードに反映する"))]
    pub(crate) fail_on_new: Option<bool>,

    #[arg(long, value_name = "PORT", value_delimiter = ',', help_heading = configuration_heading(), help = t("The TCP ports that administrators log in through [default: 22,3389,5985,5986]", "管理者がログインに使う TCP ポート [既定値: 22,3389,5985,5986]"))]
    pub(crate) management_ports: Vec<String>,
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true, help_heading = configuration_heading(), help = t("A port is open to the internet when more IPv4 addresses than this reach it [default: 256]", "この数を超える IPv4 アドレスから接続できるポートを公開とみなす [既定値: 256]"))]
    pub(crate) wide_after: Option<String>,
    #[arg(long, value_name = "COUNT", allow_hyphen_values = true, help_heading = configuration_heading(), help = t("How many IPv4 addresses people who log in may need [default: 16]", "ログインする人に必要な IPv4 アドレスの数の上限 [既定値: 16]"))]
    pub(crate) needed_addresses: Option<String>,
    #[arg(long, value_name = "CHECK=SEVERITY", value_delimiter = ',', help_heading = configuration_heading(), help = t("A severity of the team's own for a check", "チェックの独自の重大度"))]
    pub(crate) severity: Vec<String>,
    #[arg(long, value_name = "[NAME=]PREFIX", value_delimiter = ',', help_heading = configuration_heading(), help = t("Addresses that the team's people come from", "自社の接続元アドレス"))]
    pub(crate) approve: Vec<String>,
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = configuration_heading(), help = t("The configuration; without it `sekimori.toml` is looked for from here upward", "設定ファイル。省略時は現在のフォルダーから上に向かって `sekimori.toml` を探します"))]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, help_heading = configuration_heading(), help = t("Heed no configuration file", "設定ファイルを使わない"))]
    pub(crate) no_config: bool,
}

#[derive(Args)]
pub(crate) struct FlowArgs {
    #[arg(value_name = "SOURCE", required = true, help = sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, required_unless_present = "batch", help = t("The VM: its name, group/name or id", "VM の名前、リソース グループ/名前、または ID"))]
    pub(crate) vm: Option<String>,
    #[arg(long, help = t("The NIC, where the local address does not tell", "NIC (ローカル アドレスで決まらない場合)"))]
    pub(crate) nic: Option<String>,
    #[arg(long, value_name = "inbound|outbound", required_unless_present = "batch", help = t("Which way the flow goes, seen from the VM", "VM から見た通信の向き"))]
    pub(crate) direction: Option<String>,
    #[arg(long, required_unless_present = "batch", help = t("TCP, UDP, Icmp, Esp, Ah or *", "プロトコル (TCP、UDP、Icmp、Esp、Ah、*)"))]
    pub(crate) protocol: Option<String>,
    #[arg(long, value_name = "IP:PORT", required_unless_present = "batch", help = t("Address and port on the VM; the port may be a range or *", "VM 側のアドレスとポート。ポートは範囲または * も可"))]
    pub(crate) local: Option<String>,
    #[arg(long, value_name = "IP:PORT", required_unless_present = "batch", help = t("Address and port of the other side; the port may be a range or *", "相手側のアドレスとポート。ポートは範囲または * も可"))]
    pub(crate) remote: Option<String>,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["vm", "nic", "direction", "protocol", "local", "remote"], help = t("Many questions, one JSON object a line: {\"vm\",\"nic\"?,\"direction\",\"protocol\",\"local\",\"remote\",\"expect\"?}", "複数の質問。1 行に 1 つの JSON オブジェクト: {\"vm\",\"nic\"?,\"direction\",\"protocol\",\"local\",\"remote\",\"expect\"?}"))]
    pub(crate) batch: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArg,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// What of live Azure is read.
#[derive(Args, Default)]
pub(crate) struct LiveArgs {
    #[arg(long, value_name = "ID", help = t("Just this subscription; may be given several times", "対象のサブスクリプション (複数回指定可)"))]
    pub(crate) subscription: Vec<String>,
    #[arg(long, value_name = "NAME", help = t("Just the subscriptions of this management group; may be given several times", "対象の管理グループ (複数回指定可)"))]
    pub(crate) management_group: Vec<String>,
    #[arg(long, help = t("Leave out the directory: people, groups, conditional access", "ディレクトリ (ユーザー、グループ、条件付きアクセス) を対象外にする"))]
    pub(crate) no_directory: bool,
    #[arg(long, value_name = "CLOUD", default_value = "AzureCloud", help = t("The cloud: AzureCloud, AzureUSGovernment, AzureChinaCloud, or the https address of its Resource Manager", "クラウド: AzureCloud、AzureUSGovernment、AzureChinaCloud、または Resource Manager の https アドレス"))]
    pub(crate) cloud: String,
    #[arg(long, value_name = "FILE", hide = true, help = t("A further certificate authority, in PEM", "追加の証明機関 (PEM)"))]
    pub(crate) authority: Option<PathBuf>,
}

impl LiveArgs {
    /// Whether somebody has said what to leave out.
    pub(crate) fn is_narrowed(&self) -> bool {
        !self.subscription.is_empty() || self.is_narrowed_otherwise()
    }

    /// The same, subscriptions apart.
    pub(crate) fn is_narrowed_otherwise(&self) -> bool {
        !self.management_group.is_empty() || self.no_directory
    }
}

#[derive(Args)]
pub(crate) struct CollectArgs {
    #[arg(short, long, value_name = "FILE", help = t("Where to write the snapshot (.ndjson.zst); what was collected before it was stopped is kept beside it", "スナップショット (.ndjson.zst) の書き込み先。中断した場合、収集済みの部分は同じ場所に残ります"))]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[arg(long, value_name = "OLD", help = t("An earlier snapshot of the same: ask for what has changed since, and take the rest from there", "同じ条件の以前のスナップショット。それ以降の変更だけを問い合わせ、残りは引き継ぎます"))]
    pub(crate) since: Option<PathBuf>,
    #[arg(long, help = t("Print the rights that it needs, and ask nothing", "必要な権限を表示する (Azure には接続しません)"))]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) form: FormArg,
}

#[derive(Args)]
pub(crate) struct TruthArgs {
    #[arg(value_name = "SOURCE", help = t("A snapshot, not older than the last change of the estate; without one, what runs in Azure now", "スナップショット (環境の最後の変更より新しいもの)。指定しない場合は、Azure で現在動作している環境を読み取ります"))]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..).map(|n| n as usize), help = t("About how many VMs Azure is asked", "問い合わせる VM の台数"))]
    pub(crate) sample: usize,
    #[arg(long, conflicts_with = "sample", help = t("About all VMs", "すべての VM について問い合わせる"))]
    pub(crate) all: bool,
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sample", "all"], help = t("Questions of your own instead, one a line, as `flow --batch` reads them; - is standard input", "独自の質問 (`flow --batch` と同じ形式、1 行に 1 件)。- は標準入力"))]
    pub(crate) batch: Option<PathBuf>,
    #[arg(long, value_name = "FILE", help = t("Where to write the disagreements, without names [default: sekimori-disagreements.json]", "一致しなかった内容を、名前を除いて書き込むファイル [既定値: sekimori-disagreements.json]"))]
    pub(crate) bug_report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) form: FormArg,
}

#[derive(Args)]
pub(crate) struct ReachArgs {
    #[arg(value_name = "SOURCE", required = true, help = sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, value_name = "VM", help = t("The VM: its name, group/name or id", "VM の名前、リソース グループ/名前、または ID"))]
    pub(crate) to: String,
    #[arg(long, value_name = "PORTS", help = t("Just these ports: 22, 22,3389 or 20-25", "対象のポート (22、22,3389、20-25 など)"))]
    pub(crate) port: Option<String>,
    #[arg(long, value_name = "SOURCES", default_value = "anywhere", help = t("Where packets come from: internet, network, anywhere, addresses such as 203.0.113.0/24, or a VM", "送信元: internet、network、anywhere、アドレス (203.0.113.0/24 など)、または VM"))]
    pub(crate) from: String,
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16).map(usize::from), help = t("The most steps of a path over other machines", "ほかのマシンを経由する経路の最大ステップ数"))]
    pub(crate) hops: usize,
    #[arg(long, value_name = "PORTS", help = t("The ports by which a machine on the way is taken over [default: 22,3389,5985,5986]", "経由するマシンへのログインに使われるポート [既定値: 22,3389,5985,5986]"))]
    pub(crate) login_ports: Option<String>,
    #[arg(long, value_name = "FORMAT", value_parser = picture_parser(), help = t("Form of the answer [default: text]", "出力の形式 [既定値: text]"))]
    pub(crate) format: Option<Picture>,
    #[arg(short, long, value_name = "FILE", help = t("Write the answer to a file, in the form that its name tells (.txt, .json, .html, .dot, .svg)", "結果をファイルに書き込む。形式は拡張子 (.txt、.json、.html、.dot、.svg) で決まります"))]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

#[derive(Args)]
pub(crate) struct DiffArgs {
    #[arg(value_name = "OLD", help = t("The estate before: a file or a folder", "変更前の環境 (ファイルまたはフォルダー)"))]
    pub(crate) old: PathBuf,
    #[arg(value_name = "NEW", help = t("The estate after: a file or a folder", "変更後の環境 (ファイルまたはフォルダー)"))]
    pub(crate) new: PathBuf,
    #[arg(long, value_name = "SOURCES", default_value = "internet", help = t("Where packets come from: internet, network, anywhere, or addresses such as 203.0.113.0/24", "送信元: internet、network、anywhere、アドレス (203.0.113.0/24 など)"))]
    pub(crate) from: String,
    #[command(flatten)]
    pub(crate) form: FormArg,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// The form of an answer that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Text,
    Json,
    Html,
    Dot,
    Svg,
}

fn picture_parser() -> impl TypedValueParser<Value = Picture> {
    let value =
        |name: &'static str, en: &'static str, ja: &'static str| PossibleValue::new(name).help(t(en, ja));
    choice(vec![
        (Picture::Text, value("text", "for people", "人が読む形式")),
        (Picture::Json, value("json", "for programs", "プログラム向けの形式")),
        (Picture::Html, value("html", "one page with a picture", "図を含む 1 つのページ")),
        (Picture::Dot, value("dot", "for Graphviz", "Graphviz 向けの形式")),
        (Picture::Svg, value("svg", "a picture", "図")),
    ])
}

fn page_parser() -> impl TypedValueParser<Value = Picture> {
    let value =
        |name: &'static str, en: &'static str, ja: &'static str| PossibleValue::new(name).help(t(en, ja));
    choice(vec![
        (Picture::Text, value("text", "for people", "人が読む形式")),
        (Picture::Json, value("json", "for programs", "プログラム向けの形式")),
        (Picture::Html, value("html", "one page with a picture", "図を含む 1 つのページ")),
    ])
}

#[derive(Args)]
pub(crate) struct NextHopArgs {
    #[arg(value_name = "SOURCE", required = true, help = sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, help = t("The VM: its name, group/name or id", "VM の名前、リソース グループ/名前、または ID"))]
    pub(crate) vm: String,
    #[arg(long, help = t("The NIC, where the source address does not tell", "NIC (送信元アドレスで決まらない場合)"))]
    pub(crate) nic: Option<String>,
    #[arg(long, value_name = "IP", help = t("The address that packets come from", "送信元の IP アドレス"))]
    pub(crate) source_ip: String,
    #[arg(long, value_name = "IP", help = t("The address that packets go to", "宛先の IP アドレス"))]
    pub(crate) dest_ip: String,
    #[command(flatten)]
    pub(crate) form: FormArg,
}

#[derive(Args)]
pub(crate) struct WhatIfArgs {
    #[arg(value_name = "SOURCE", required = true, help = sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, value_name = "PERSON", help = t("Who: a login, a name or an id", "ユーザー: サインイン名、表示名、または ID"))]
    pub(crate) user: String,
    #[arg(long, default_value = "windows-vm", hide_default_value = true, value_name = "APP", help = t("What they sign in to: windows-vm (if not told), linux-vm, azure-management or an id", "サインイン先: windows-vm (指定しない場合)、linux-vm、azure-management、またはアプリケーション ID"))]
    pub(crate) app: String,
    #[arg(long, value_name = "IP", help = t("The public address that they come from", "接続元のパブリック IP アドレス"))]
    pub(crate) ip: Option<String>,
    #[arg(long, value_name = "XX", help = t("The country, by its two letters", "国 (2 文字のコード)"))]
    pub(crate) country: Option<String>,
    #[arg(long, help = t("The system: windows, linux, macOS, iOS, android, unknown", "プラットフォーム: windows、linux、macOS、iOS、android、unknown"))]
    pub(crate) platform: Option<String>,
    #[arg(long, help = t("The client: browser, mobileAppsAndDesktopClients, exchangeActiveSync, other", "クライアント: browser、mobileAppsAndDesktopClients、exchangeActiveSync、other"))]
    pub(crate) client: Option<String>,
    #[arg(long, value_name = "RISK", help = t("The risk of the sign-in: none, low, medium, high", "サインイン リスク: none、low、medium、high"))]
    pub(crate) sign_in_risk: Option<String>,
    #[arg(long, value_name = "RISK", help = t("The risk of the person: none, low, medium, high", "ユーザー リスク: none、low、medium、high"))]
    pub(crate) user_risk: Option<String>,
    #[arg(long, help = t("The flow: none, deviceCodeFlow, authenticationTransfer", "認証フロー: none、deviceCodeFlow、authenticationTransfer"))]
    pub(crate) flow: Option<String>,
    #[arg(long, help = t("The older MFA settings trust no addresses: no list of Microsoft Graph tells them", "以前の MFA 設定に「信頼できる IP」がない (Microsoft Graph からは取得できません)"))]
    pub(crate) no_mfa_trusted_ips: bool,
    #[arg(long, value_name = "NAME=VALUE", help = t("An attribute of the device, or `unregistered`; may be given several times", "デバイスの属性、または `unregistered` (複数指定可)"))]
    pub(crate) device: Vec<String>,
    #[command(flatten)]
    pub(crate) form: FormArg,
}

#[derive(Args)]
pub(crate) struct ImportArgs {
    #[arg(value_name = "SOURCE", required = true, help = sources_help())]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, value_name = "FILE", required = true, help = t("What another tool wrote: OCSF or CSV of Prowler, SARIF, the CSV of Defender for Cloud; told by what it holds; may be given several times", "ほかのツールの出力: Prowler の OCSF または CSV、SARIF、Defender for Cloud の CSV。形式は内容から判断します (複数指定可)"))]
    pub(crate) from: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) form: FormArg,
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = configuration_heading(), help = t("The configuration; without it `sekimori.toml` is looked for from here upward", "設定ファイル。省略時は現在のフォルダーから上に向かって `sekimori.toml` を探します"))]
    pub(crate) config: Option<PathBuf>,
    #[arg(long, help_heading = configuration_heading(), help = t("Heed no configuration file", "設定ファイルを使わない"))]
    pub(crate) no_config: bool,
}

#[derive(Args)]
pub(crate) struct WhoArgs {
    #[arg(value_name = "SOURCE", help = t("Files or folders; live Azure if there are none. Without --vm, --person and --all the last one is the VM", "ファイルまたはフォルダー。省略すると Azure から直接取得します。--vm、--person、--all がない場合は、最後の引数を VM とみなします"))]
    pub(crate) sources: Vec<PathBuf>,
    #[arg(long, value_name = "VM", group = "about", help = t("Who gets into this VM: its name, group/name or id", "この VM にログインできるユーザー: VM の名前、リソース グループ/名前、または ID"))]
    pub(crate) vm: Option<String>,
    #[arg(long, value_name = "PERSON", group = "about", help = t("Which VMs this person gets into: a login, a name or an id", "このユーザーがログインできる VM: サインイン名、表示名、または ID"))]
    pub(crate) person: Option<String>,
    #[arg(long, group = "about", help = t("Who gets into which VMs, all of them", "すべての VM とユーザー"))]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[arg(long, help = t("The older MFA settings trust no addresses: no list of Microsoft Graph tells them", "以前の MFA 設定に「信頼できる IP」がない (Microsoft Graph からは取得できません)"))]
    pub(crate) no_mfa_trusted_ips: bool,
    #[arg(long, value_name = "FORMAT", value_parser = page_parser(), help = t("Form of the answer [default: text]", "出力の形式 [既定値: text]"))]
    pub(crate) format: Option<Picture>,
    #[arg(short, long, value_name = "FILE", help = t("Write the answer to a file, in the form that its name tells (.txt, .json, .html)", "結果をファイルに書き込む。形式は拡張子 (.txt、.json、.html) で決まります"))]
    pub(crate) output: Option<PathBuf>,
}

/// The form of what is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

/// A choice by name. The names are all that people can give, so one of them is always found.
fn choice<T: Clone + Send + Sync + 'static>(
    all: Vec<(T, PossibleValue)>,
) -> impl TypedValueParser<Value = T> + use<T> {
    let names: Vec<PossibleValue> = all.iter().map(|(_, value)| value.clone()).collect();
    PossibleValuesParser::new(names).try_map(move |name| {
        let found = all.iter().find(|(_, value)| value.get_name() == name).map(|(choice, _)| choice.clone());
        found.ok_or("no such choice")
    })
}

fn lang_parser() -> impl TypedValueParser<Value = Lang> {
    choice(vec![
        (Lang::Ja, PossibleValue::new("ja").help("日本語")),
        (Lang::En, PossibleValue::new("en").help("English")),
    ])
}

fn colour_parser() -> impl TypedValueParser<Value = Colour> {
    choice(vec![
        (Colour::Auto, PossibleValue::new("auto")),
        (Colour::Always, PossibleValue::new("always")),
        (Colour::Never, PossibleValue::new("never")),
    ])
}

fn form_parser() -> impl TypedValueParser<Value = Form> {
    choice(vec![(Form::Text, PossibleValue::new("text")), (Form::Json, PossibleValue::new("json"))])
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let value = |(format, name, text, _): &(Format, &'static str, posture::Text, &[&str])| {
        (*format, PossibleValue::new(*name).help(t(text.en, text.ja)))
    };
    choice(Format::ALL.iter().map(value).collect())
}

fn catalogue_parser() -> impl TypedValueParser<Value = Catalogue> {
    choice(Catalogue::ALL.iter().map(|one| (*one, PossibleValue::new(one.name()))).collect())
}

fn fail_on_parser() -> impl TypedValueParser<Value = FailOn> {
    choice(FailOn::ALL.iter().map(|(choice, name)| (*choice, PossibleValue::new(*name))).collect())
}
