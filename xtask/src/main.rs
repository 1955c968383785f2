//! The project's own chores: `cargo xtask <chore>`.

mod bench;
mod ci;
mod collecting;
mod edges;
mod fixes;
mod generate;
mod mutants;
mod peers;
mod people;
mod shapes;
mod shell;
mod templates;
mod tree;
mod whole;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of Sekimori.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Everything that must be green before a change lands
    Ci {
        /// The tests ran already
        #[arg(long)]
        tested: bool,
    },
    /// The tests
    Test {
        /// Also what takes long: more random cases, proofs by z3, the real `az`, and the fuzz targets for 12 seconds each
        #[arg(long)]
        full: bool,
    },
    /// Speed and memory, side by side with the fastest tree parser, into docs/performance.md
    Bench {
        /// How many VMs the estate has
        #[arg(long, default_value_t = 100_000)]
        vms: u32,
        /// How often each side runs; the best run counts
        #[arg(long, default_value_t = 5)]
        runs: usize,
        /// Only who gets in, told and not written
        #[arg(long, conflicts_with = "write")]
        people: bool,
        /// Only the collecting from the stand-in for Azure, told and not written
        #[arg(long, conflicts_with = "write")]
        collecting: bool,
        /// Only templates and plans, told and not written
        #[arg(long, conflicts_with = "write")]
        templates: bool,
        /// Only fixes, told and not written
        #[arg(long, conflicts_with = "write")]
        fixes: bool,
        /// Also how long another program takes for the same template and plan
        #[arg(long)]
        peer: Option<templates::Peer>,
        /// Write the table to docs/performance.md
        #[arg(long)]
        write: bool,
    },
    /// Write a made-up estate as a snapshot, one resource a line
    Generate {
        /// How many VMs it has
        #[arg(long, default_value_t = 100_000)]
        vms: u32,
        /// Every how-many-th is open to the internet; an even number
        #[arg(long, default_value_t = generate::EXPOSED_EVERY, value_parser = clap::value_parser!(u32).range(2..))]
        open_every: u32,
        /// Everything that stands around the machines, too: disks, extensions, updates, backups, Defender for Cloud
        #[arg(long, conflicts_with_all = ["groups", "shape"])]
        whole: bool,
        /// How many large groups there are for the NICs of VMs that are not open
        #[arg(long)]
        groups: Option<u32>,
        /// How many rules the largest group has; half of that on average
        #[arg(long, default_value_t = 1000)]
        rules: u32,
        /// One VM behind one group of as many rules as asked, in this shape
        #[arg(long, conflicts_with = "groups")]
        shape: Option<shapes::Shape>,
        /// A thousand machines as a template or a plan instead
        #[arg(long, conflicts_with_all = ["groups", "shape", "whole"])]
        written_as: Option<templates::Form>,
        /// Where to write it
        #[arg(long)]
        out: PathBuf,
    },
    /// Write the files that are made from the program: pages of checks, schema, tables of settings
    Docs,
    /// Which crates may use which, held against what they do use
    Edges,
    /// Run the fuzz targets
    Fuzz {
        /// How long each runs
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Break `reach` in every place that cargo-mutants names, one at a time: does a test notice? (hours)
    Mutants {
        /// Parts of the paths of files to break; none: all of them
        files: Vec<String>,
        /// How many breaks at a time
        #[arg(long, default_value_t = 2)]
        workers: usize,
        /// Where the outcomes go, a line each; what it holds already is not tried again
        #[arg(long, default_value = "target/mutants.jsonl")]
        out: PathBuf,
    },
    /// Parse the lines of a file into trees, for comparison
    #[command(hide = true)]
    Tree {
        /// The file
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<()> {
    match chore {
        Chore::Ci { tested } => ci::ci(tested),
        Chore::Test { full } => ci::test(full),
        Chore::Bench { people: true, .. } => bench::of_people(),
        Chore::Bench { collecting: true, .. } => collecting::collecting().map(|table| shell::show(&table)),
        Chore::Bench { fixes: true, .. } => fixes::of_fixes().map(|table| shell::show(&table)),
        Chore::Bench { templates: true, peer, .. } => {
            templates::of_templates(peer).map(|table| shell::show(&table))
        }
        Chore::Bench { vms, runs, write, peer, .. } => bench::bench(vms, runs, write, peer),
        Chore::Generate { written_as: Some(form), out, .. } => form.write(&out),
        Chore::Generate { rules, shape: Some(shape), out, .. } => {
            generate::one_group(&shapes::shaped(shape, rules), &out)
        }
        Chore::Generate { vms, open_every, whole: true, out, .. } => {
            generate::generate_whole(vms, open_every, &out).map(drop)
        }
        Chore::Generate { vms, open_every, groups, rules, out, .. } => {
            let groups = groups.map(|count| generate::Groups { count, rules });
            generate::generate(vms, open_every, groups, &out).map(drop)
        }
        Chore::Docs => ci::docs(),
        Chore::Edges => edges::check(),
        Chore::Fuzz { seconds } => ci::fuzz(seconds),
        Chore::Mutants { files, workers, out } => mutants::mutants(&files, workers, &shell::root().join(out)),
        Chore::Tree { file } => tree::tree(&file),
    }
}
