//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use posture::Severity;

/// The keeper of your Azure VMs' gates: who can reach their login, from where, and how to close it.
#[derive(Parser)]
#[command(name = "sekimori", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Language of the output [default: SEKIMORI_LANG, else from LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, global = true, value_name = "ja|en")]
    pub(crate) lang: Option<LangArg>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check an estate: every weak point of remote access, with its proof
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
    /// Ask what `az network watcher test-ip-flow` asks: does a flow pass the groups of a NIC?
    #[command(after_help = FLOW_HELP)]
    Flow(FlowArgs),
    /// Tell what a check looks for, why, and what to do
    Explain {
        /// Its code (NET001) or name (exposed-management-port)
        check: String,
    },
    /// List the checks
    Checks {
        /// Form of the output
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

const CHECK_HELP: &str = "\
Exit codes:
  0  no finding at or above --fail-on
  1  such a finding
  2  wrong usage, or nothing usable could be read
  3  some input could not be read in full, or a check named by --require is unknown

Examples:
  sekimori check examples/small-company
  az network nsg list -o json | sekimori check -
  sekimori check estate.ndjson.zst --format json --select NET --fail-on high";

const FLOW_HELP: &str = "\
Exit codes:
  0  answered (and every `expect` of a batch holds)
  1  an `expect` of a batch does not hold
  2  wrong usage, or no such VM, NIC or address
  3  some input could not be read in full, or a question of a batch not answered

Examples:
  sekimori flow estate/ --vm web1 --direction inbound --protocol TCP --local 10.0.0.4:22 --remote 203.0.113.7:*
  sekimori flow estate/ --batch questions.ndjson";

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Files or folders with what `az` prints, snapshots (.ndjson, .ndjson.zst), or - for standard input
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Form of the output
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Exit with 1 on findings of this severity or worse
    #[arg(long, value_enum, default_value = "low", value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,
    /// Run these checks only: codes, prefixes of codes, names or checkpoints
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Leave these checks out
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Exit with 3 when one of these checks is unknown or not assessed
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) require: Vec<String>,
    /// Show what was met, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args)]
pub(crate) struct FlowArgs {
    /// Files or folders with what `az` prints, snapshots (.ndjson, .ndjson.zst), or - for standard input
    #[arg(value_name = "SOURCE", required = true)]
    pub(crate) sources: Vec<PathBuf>,
    /// The VM: its name, group/name or id
    #[arg(long, required_unless_present = "batch")]
    pub(crate) vm: Option<String>,
    /// The NIC, where the local address does not tell
    #[arg(long)]
    pub(crate) nic: Option<String>,
    /// Which way the flow goes, seen from the VM
    #[arg(long, value_name = "inbound|outbound", required_unless_present = "batch")]
    pub(crate) direction: Option<String>,
    /// TCP, UDP, Icmp, Esp, Ah or *
    #[arg(long, required_unless_present = "batch")]
    pub(crate) protocol: Option<String>,
    /// Address and port on the VM; the port may be a range or *
    #[arg(long, value_name = "IP:PORT", required_unless_present = "batch")]
    pub(crate) local: Option<String>,
    /// Address and port of the other side; the port may be a range or *
    #[arg(long, value_name = "IP:PORT", required_unless_present = "batch")]
    pub(crate) remote: Option<String>,
    /// Many questions, one JSON object a line: {"vm","nic"?,"direction","protocol","local","remote","expect"?}
    #[arg(long, value_name = "FILE", conflicts_with_all = ["vm", "nic", "direction", "protocol", "local", "remote"])]
    pub(crate) batch: Option<PathBuf>,
    /// Form of the output; a batch is always answered in JSON lines
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangArg {
    /// 日本語
    Ja,
    /// English
    En,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Low,
    Medium,
    High,
    Critical,
    /// Findings never change the exit code
    Never,
}

impl FailOn {
    pub(crate) fn fails(self, severity: Severity) -> bool {
        let least = match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
            Self::Never => return false,
        };
        severity >= least
    }
}
