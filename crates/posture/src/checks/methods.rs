//! Ways to prove who one is, as reports of Microsoft Graph call them.
//!
//! Sources: <https://learn.microsoft.com/graph/api/resources/userregistrationdetails>,
//! <https://learn.microsoft.com/entra/identity/authentication/concept-authentication-methods>

/// What no phisher takes away.
const UNPHISHABLE: [&str; 8] = [
    "fido2SecurityKey",
    "passKeyDeviceBound",
    "passKeyDeviceBoundAuthenticator",
    "passKeyDeviceBoundWindowsHello",
    "windowsHelloForBusiness",
    "macOsSecureEnclaveKey",
    "certificateBasedAuthentication",
    "x509Certificate",
];

/// Other second factors of their own.
const STRONG: [&str; 6] = [
    "microsoftAuthenticatorPush",
    "microsoftAuthenticatorPasswordless",
    "softwareOneTimePasscode",
    "hardwareOneTimePasscode",
    "passKeySynced",
    "externalAuthMethod",
];

/// What whoever takes over a telephone number or a mailbox has, too, or what does not last.
const WEAK: [&str; 7] = [
    "mobilePhone",
    "alternateMobilePhone",
    "officePhone",
    "email",
    "securityQuestion",
    "temporaryAccessPass",
    "qrCodePin",
];

fn is(words: &[&str], method: &str) -> bool {
    words.iter().any(|word| method.eq_ignore_ascii_case(word))
}

/// Whether no phisher takes a method away.
pub(super) fn is_unphishable(method: &str) -> bool {
    is(&UNPHISHABLE, method)
}

/// Whether a method is a second factor that does not hang on a telephone number or a mailbox.
pub(super) fn is_strong(method: &str) -> bool {
    is_unphishable(method) || is(&STRONG, method)
}

/// Whether a method is known to be weak. One that is not known is neither.
pub(super) fn is_weak(method: &str) -> bool {
    is(&WEAK, method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_methods_are_known_once() {
        let all = [UNPHISHABLE.as_slice(), &STRONG, &WEAK].concat();
        let lower: std::collections::BTreeSet<String> =
            all.iter().map(|one| one.to_ascii_lowercase()).collect();
        assert_eq!(lower.len(), all.len());
    }
}
