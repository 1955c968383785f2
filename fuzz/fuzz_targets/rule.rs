//! Any texts as the fields of a rule: what a group does with any packet is decided without a panic,
//! and what certainly gets in is a part of what may.
#![no_main]

use estate::split::{Cut, Splitter};
use estate::{Collector, Known, Part, SourceIndex};
use libfuzzer_sys::fuzz_target;
use reach::Reach;

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

fuzz_target!(|text: &str| {
    let rg = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network";
    let rules: Vec<String> = text
        .split('\n')
        .map(|line| {
            let mut fields = line.split('|').map(quoted);
            let mut next = || fields.next().unwrap_or_else(|| "\"*\"".into());
            format!(
                r#"{{"name":{},"properties":{{"priority":{},"direction":{},"access":{},"protocol":{},"sourceAddressPrefix":{},"sourcePortRange":{},"destinationAddressPrefix":{},"destinationPortRange":{}}}}}"#,
                next(), next(), next(), next(), next(), next(), next(), next(), next()
            )
        })
        .collect();
    let source = format!(
        r#"[{{"id":"{rg}/networkSecurityGroups/g","properties":{{"securityRules":[{}]}}}},
        {{"id":"{rg}/publicIPAddresses/p","sku":{{"name":"Basic"}},"properties":{{}}}},
        {{"id":"{rg}/networkInterfaces/n","properties":{{"networkSecurityGroup":{{"id":"{rg}/networkSecurityGroups/g"}},"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.4","publicIPAddress":{{"id":"{rg}/publicIPAddresses/p"}}}}}}]}}}}]"#,
        rules.join(",")
    );
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(source.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    let estate = collector.finish();
    let reach = Reach::new(&estate);
    let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { return };
    for way in reach.from_internet(&estate.nics[0], &all[0]).ways {
        for opening in way.openings.iter() {
            assert!(opening.internet.may.contains_all(&opening.internet.must));
            assert!(!opening.internet.may.is_empty());
        }
    }
});
