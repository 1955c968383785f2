//! A VPN gateway of the weakest kind, or one that people sign in to with shared certificates.

use estate::{Gateway, Known, Reason};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET024",
    slug: "weak-vpn",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Medium,
    title: Text { en: "a VPN gateway is weak", ja: "保護の弱い VPN ゲートウェイ" },
    why: Text {
        en: "Certificates are copied from machine to machine and stay valid when people leave; no second factor and no conditional access is asked. A gateway of the Basic SKU knows neither Entra ID nor current protocols for people's machines.",
        ja: "証明書は PC から PC へコピーでき、退職後も有効なままです。多要素認証も条件付きアクセスも適用されません。Basic SKU のゲートウェイは、Microsoft Entra ID 認証にも最新のプロトコルにも対応していません。",
    },
    fix: Text {
        en: "Let people sign in with Entra ID over OpenVPN: `az network vnet-gateway update --ids <GATEWAY-ID> --client-protocol OpenVPN --vpn-auth-type AAD --aad-tenant <URL> --aad-audience <APP-ID> --aad-issuer <URL>`. A Basic gateway has to be made anew with another SKU.",
        ja: "OpenVPN で Microsoft Entra ID 認証を使ってください: `az network vnet-gateway update --ids <ゲートウェイの ID> --client-protocol OpenVPN --vpn-auth-type AAD --aad-tenant <URL> --aad-audience <アプリ ID> --aad-issuer <URL>`。Basic SKU のゲートウェイは、別の SKU で作り直す必要があります。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("IM-1"),
        Reference::Policy("21a6bc25-125e-4d13-b82d-2e19b7208ab7"),
        Reference::Policy("e345b6c3-24bd-4c93-9bbb-7e5e49a17b78"),
        Reference::Attack("T1133"),
        Reference::Page("https://learn.microsoft.com/azure/vpn-gateway/point-to-site-about"),
    ],
    run: Run::Estate(Subject::Network, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for gateway in &context.estate().around.gateways {
        sink.take(context, &CHECK, gateway.id, judge(context, gateway));
    }
}

fn judge(context: &Context<'_>, gateway: &Gateway) -> Judged {
    let partial = || {
        let resource_type = "Microsoft.Network/virtualNetworkGateways".into();
        vec![Reason::Partial { resource_type, id: context.estate().text(gateway.id).into() }]
    };
    match context.known(&gateway.kind)? {
        None => return Err(partial()),
        Some(kind) if !kind.eq_ignore_ascii_case("Vpn") => return Ok(Verdict::NotFor),
        Some(_) => {}
    }
    let name = context.name(gateway.id);
    let basic = says(&gateway.sku, "Basic") || says(&gateway.inner_sku, "Basic");
    // Without addresses for them no single people connect.
    let clients = context.known(&gateway.clients)?.is_some_and(|clients| !clients.is_empty());
    // A gateway that names no way to sign in takes certificates.
    let sign_in = context.known(&gateway.sign_in)?.map(Vec::as_slice).unwrap_or_default();
    // Whoever has the shared certificate needs no account: one other way is enough.
    let entra_alone = !sign_in.is_empty() && sign_in.iter().all(|way| way.eq_ignore_ascii_case("AAD"));
    if clients && !entra_alone {
        let message = say!(
            context.lang,
            "people may connect to the VPN gateway `{name}` without signing in with Entra ID",
            "VPN ゲートウェイ `{name}` のポイント対サイト接続は、Microsoft Entra ID で認証しなくても使えます"
        );
        let ways = if sign_in.is_empty() { "Certificate".to_owned() } else { sign_in.join(", ") };
        let mut fault = Fault::new(message).fact("sign_in", ways);
        if basic {
            fault = fault.fact("sku", "Basic");
        }
        let pointer = "/properties/vpnClientConfiguration/vpnAuthenticationTypes";
        return fault.at_record(gateway.id, &gateway.origins, pointer).verdict();
    }
    if basic {
        let message = say!(
            context.lang,
            "the VPN gateway `{name}` is of the Basic SKU",
            "VPN ゲートウェイ `{name}` は Basic SKU です"
        );
        let fault = Fault::new(message).fact("sku", "Basic");
        return fault.at_record(gateway.id, &gateway.origins, "/properties/sku/name").verdict();
    }
    let told = [&gateway.sku, &gateway.inner_sku].into_iter().flatten().any(|sku| sku.value().is_some());
    match (told, [&gateway.sku, &gateway.inner_sku]) {
        (true, _) => Ok(Verdict::Pass),
        (false, [Some(Known::Unknown(reason)), _] | [_, Some(Known::Unknown(reason))]) => {
            Err(vec![reason.as_ref().clone()])
        }
        (false, _) => Err(partial()),
    }
}
