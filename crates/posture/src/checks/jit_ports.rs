//! Ports of policies of just-in-time access, as findings name them.

use estate::{JitMachine, JitPort};

use crate::exposure::listed;
use crate::lang::say;
use crate::remedy::one_line;
use crate::view::Context;

/// How many ports a finding names.
const SAMPLE: usize = 10;

/// How many of them its message names.
const SHOWN: usize = 3;

fn port_text(context: &Context<'_>, (machine, port): &(&JitMachine, &JitPort)) -> String {
    let protocol = match &*port.protocol {
        "*" => String::new(),
        other => format!("{} ", one_line(other)),
    };
    let (number, machine) = (port.number, context.name(machine.vm));
    say!(context.lang, "{protocol}{number} of `{machine}`", "`{machine}` の {protocol}{number}")
}

/// `22 of \`m\`, TCP 3389 of \`n\` and 4 more`.
pub(super) fn listed_ports(context: &Context<'_>, ports: &[(&JitMachine, &JitPort)]) -> String {
    let shown: Vec<String> = ports.iter().take(SHOWN).map(|one| port_text(context, one)).collect();
    let shown = listed(&shown, context.lang);
    match ports.len().saturating_sub(SHOWN) {
        0 => shown,
        more => say!(context.lang, "{shown} and {more} more", "{shown} ほか {more} 件"),
    }
}

/// Some of the ports with what each of them has: `22 of \`m\`: *`.
pub(super) fn some(
    context: &Context<'_>,
    ports: &[(&JitMachine, &JitPort)],
    what: impl Fn(&JitPort) -> String,
) -> Vec<String> {
    ports
        .iter()
        .take(SAMPLE)
        .map(|(machine, port)| {
            let (machine, number, what) = (context.name(machine.vm), port.number, what(port));
            format!("{machine}:{number} {what}")
        })
        .collect()
}
