//! Membership rules: no text causes a panic, and the canonical form of a rule, if it is one, says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::model::MembershipRule;

fuzz_target!(|text: &str| {
    let _ = MembershipRule::lint_text(text);
    if let Ok(rule) = text.parse::<MembershipRule>() {
        // It can be longer than a rule may be.
        if let Ok(canonical) = rule.canonical().parse::<MembershipRule>() {
            assert!(rule.equivalent(&canonical));
        }
    }
});
