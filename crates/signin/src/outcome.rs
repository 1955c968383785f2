//! What policies demand together.

use estate::{AccessPolicy, Estate, Field, Known, Strength};

use crate::tri::Tri;

/// What a policy demands of who signs in.
///
/// Source: <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controls {
    /// Whether nobody gets in.
    pub block: Tri,
    /// Whether all are demanded, and not one of them.
    pub all: Tri,
    /// What is demanded.
    pub each: Vec<Control>,
    /// What it sets for the session, by name.
    pub session: Vec<String>,
}

/// One thing that is demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// As Microsoft Graph writes it; a strength of authentication by its name.
    pub name: String,
    /// Whether who fulfils it has given a second factor.
    pub mfa: Tri,
    /// Whether who fulfils it has a device that the organisation manages.
    pub device: Tri,
    /// Whether it is a strength of authentication.
    pub is_strength: bool,
}

/// How strict it is together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Strictness {
    /// Nobody gets in.
    pub blocked: Tri,
    /// Who gets in has given a second factor.
    pub mfa: Tri,
    /// Who gets in has a device that the organisation manages.
    pub device: Tri,
    /// Who gets in has one of the two.
    pub either: Tri,
    /// Something is demanded, whatever it proves.
    pub anything: Tri,
}

/// What is demanded where some policies are for a sign-in. Numbers are places in [`crate::Answer::policies`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Demand {
    /// How strict they are together.
    pub strict: Strictness,
    /// Policies that are certainly for it; where one of these lets nobody in, those that let nobody in.
    pub certain: Vec<usize>,
    /// Policies that may be for it.
    pub possible: Vec<usize>,
}

impl Controls {
    /// What a policy of an estate demands.
    pub fn of_policy(estate: &Estate, policy: &AccessPolicy) -> Self {
        Self::of(policy, |id| estate.around.strengths.of(estate.ids().find(id)?).first())
    }

    /// What a policy demands. `find` gives a strength of the input by its id.
    pub(crate) fn of<'e>(policy: &AccessPolicy, find: impl Fn(&str) -> Option<&'e Strength>) -> Self {
        let mut each = Vec::new();
        let (mut block, mut unread) = (Tri::No, false);
        let mut add = |name: &str, mfa: Tri, device: Tri| {
            each.push(Control { name: name.to_owned(), mfa, device, is_strength: false });
        };
        let mut list = |field: &'_ Field<Vec<Box<str>>>| -> Vec<Box<str>> {
            match field {
                None => Vec::new(),
                Some(Known::Value(all)) => all.clone(),
                Some(Known::Unknown(_)) => {
                    unread = true;
                    Vec::new()
                }
            }
        };
        for control in list(&policy.controls) {
            let is = |word: &str| control.eq_ignore_ascii_case(word);
            if is("block") {
                block = Tri::Yes;
            } else if is("mfa") {
                add(&control, Tri::Yes, Tri::No);
            } else if is("compliantDevice") || is("domainJoinedDevice") {
                add(&control, Tri::No, Tri::Yes);
            } else if ["approvedApplication", "compliantApplication", "passwordChange", "riskRemediation"]
                .iter()
                .any(|word| is(word))
            {
                add(&control, Tri::No, Tri::No);
            } else {
                // A control of later versions: what it proves is not known.
                add(&control, Tri::Maybe, Tri::Maybe);
            }
        }
        for control in list(&policy.custom_controls) {
            add(&control, Tri::Maybe, Tri::No);
        }
        for terms in list(&policy.terms) {
            add(&format!("termsOfUse {terms}"), Tri::No, Tri::No);
        }
        for control in list(&policy.other_controls) {
            add(&control, Tri::Maybe, Tri::Maybe);
        }
        let mut strengths = Vec::new();
        let mut strength = |name: &str, id: &str, allows: Option<&Vec<Box<str>>>| {
            let mfa = if is_built_in(id) {
                Tri::Yes
            } else {
                let all = allows.filter(|all| !all.is_empty());
                all.map_or(Tri::Maybe, |all| all.iter().map(|one| is_multiple(one)).fold(Tri::Yes, Tri::and))
            };
            strengths.push(Control { name: name.to_owned(), mfa, device: Tri::No, is_strength: true });
        };
        let own = policy.strength_allows.as_ref().and_then(Known::value);
        match &policy.strength {
            // One that does not tell its id may tell what it takes.
            None if policy.has_strength == Some(Known::Value(true)) => {
                strength("authenticationStrength", "", own)
            }
            None => {}
            Some(Known::Unknown(_)) => unread = true,
            Some(Known::Value(id)) => {
                let told = find(id);
                let allows = own.or_else(|| told?.allows.as_ref()?.value());
                let name = told.and_then(|told| told.name.as_ref()?.value()).map_or(&**id, |name| name);
                strength(name, id, allows);
            }
        }
        each.append(&mut strengths);
        // A policy without controls says that it has none.
        unread |= policy.tells_controls != Some(Known::Value(true));
        let all = match &policy.operator {
            Some(Known::Value(operator)) if operator.eq_ignore_ascii_case("or") => Tri::No,
            Some(Known::Value(operator)) if operator.eq_ignore_ascii_case("and") => Tri::Yes,
            _ => Tri::Maybe,
        };
        if unread {
            block = block.max(Tri::Maybe);
            each.push(Control {
                name: "?".to_owned(),
                mfa: Tri::Maybe,
                device: Tri::Maybe,
                is_strength: false,
            });
        }
        let session = match &policy.session {
            Some(Known::Value(all)) => all.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        Self { block, all: if each.len() < 2 { Tri::Yes } else { all }, each, session }
    }

    /// Whether one of several things that it takes would be a second factor or a managed device, and another is neither; or
    /// whether it takes ways to authenticate some of which are a single factor.
    pub fn means_more(&self) -> bool {
        let proves = |control: &Control| control.mfa.or(control.device) == Tri::Yes;
        let strength = |control: &Control| control.is_strength && control.mfa == Tri::No;
        self.each.iter().any(|control| proves(control) || strength(control))
            && self.strictness().either == Tri::No
    }

    /// How strict the policy is alone.
    pub fn strictness(&self) -> Strictness {
        let together = |proves: &dyn Fn(&Control) -> Tri| {
            if self.each.is_empty() {
                return Tri::No;
            }
            let any = self.each.iter().map(proves).fold(Tri::No, Tri::or);
            let every = self.each.iter().map(proves).fold(Tri::Yes, Tri::and);
            match self.all {
                Tri::Yes => any,
                Tri::No => every,
                Tri::Maybe if any == every => any,
                Tri::Maybe => Tri::Maybe,
            }
        };
        Strictness {
            blocked: self.block,
            mfa: together(&|control| control.mfa),
            device: together(&|control| control.device),
            either: together(&|control| control.mfa.or(control.device)),
            anything: (!self.each.is_empty()).into(),
        }
    }
}

/// Microsoft's own strengths, each of which asks for more than one factor.
///
/// Source: <https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths>
fn is_built_in(id: &str) -> bool {
    [
        "00000000-0000-0000-0000-000000000002",
        "00000000-0000-0000-0000-000000000003",
        "00000000-0000-0000-0000-000000000004",
    ]
    .contains(&id)
}

/// Whether a way to authenticate is more than one factor: two of them with a comma between, or one that is by itself.
fn is_multiple(combination: &str) -> Tri {
    const ALONE: [&str; 8] = [
        "windowsHelloForBusiness",
        "fido2",
        "x509CertificateMultiFactor",
        "deviceBasedPush",
        "temporaryAccessPassOneTime",
        "temporaryAccessPassMultiUse",
        "federatedMultiFactor",
        "deviceBoundPasskey",
    ];
    const SINGLE: [&str; 9] = [
        "password",
        "sms",
        "voice",
        "softwareOath",
        "hardwareOath",
        "microsoftAuthenticatorPush",
        "x509CertificateSingleFactor",
        "federatedSingleFactor",
        "qrCodePin",
    ];
    let is = |all: &[&str]| all.iter().any(|one| combination.trim().eq_ignore_ascii_case(one));
    let mut factors: Vec<&str> = combination.split(',').map(str::trim).collect();
    factors.sort_unstable();
    factors.dedup();
    if factors.len() > 1 || is(&ALONE) {
        Tri::Yes
    } else if is(&SINGLE) {
        Tri::No
    } else {
        Tri::Maybe
    }
}

impl Strictness {
    /// Nothing is demanded.
    pub(crate) const NOTHING: Self =
        Self { blocked: Tri::No, mfa: Tri::No, device: Tri::No, either: Tri::No, anything: Tri::No };

    /// What several demand together: `certain` ones, and others that may count, too.
    pub(crate) fn together(
        certain: impl Iterator<Item = Self>,
        possible: impl Iterator<Item = Self>,
    ) -> Self {
        let with = |sum: Self, one: Self, most: Tri| Self {
            blocked: sum.blocked.or(one.blocked.min(most)),
            mfa: sum.mfa.or(one.mfa.min(most)),
            device: sum.device.or(one.device.min(most)),
            either: sum.either.or(one.either.min(most)),
            anything: sum.anything.or(one.anything.min(most)),
        };
        let sum = certain.fold(Self::NOTHING, |sum, one| with(sum, one, Tri::Yes));
        possible.fold(sum, |sum, one| with(sum, one, Tri::Maybe))
    }

    /// The same for clients that can prove neither: what is demanded keeps them out.
    pub(crate) fn of_legacy_clients(self) -> Self {
        Self { blocked: self.blocked.or(self.mfa).or(self.device).or(self.either), ..self }
    }
}
