//! GUIDs, which the directory stores in mixed byte order.

use std::fmt;
use std::str::FromStr;

use crate::model::InvalidValue;

/// A GUID that identifies a class, a property or a right in a directory.
///
/// ```
/// # use windows_autopilot::ad::descriptor::Guid;
/// let computer: Guid = "bf967a86-0de6-11d0-a285-00aa003049e2".parse()?;
/// assert_eq!(computer, Guid::COMPUTER);
/// assert_eq!(computer.to_bytes()[..4], [0x86, 0x7a, 0x96, 0xbf]);
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
// By hand: `uuid` would replace 31 lines here, and 34 in `model::checked::tenant`, `pipeline::request_id`, `sim::state` and
// `evidence::read::evtx`, less the calls of it. It would be one more crate in the tree without features, and it also accepts
// braces, `urn:uuid:` and 32 digits, which the service and the directory do not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(u128);

impl Guid {
    /// The `computer` class.
    pub const COMPUTER: Self = Self(0xbf967a86_0de6_11d0_a285_00aa003049e2);
    /// The `organizationalUnit` class.
    pub const ORGANIZATIONAL_UNIT: Self = Self(0xbf967aa5_0de6_11d0_a285_00aa003049e2);
    /// The `user` class.
    pub const USER: Self = Self(0xbf967aba_0de6_11d0_a285_00aa003049e2);
    /// The `msDS-ManagedServiceAccount` class.
    pub const MANAGED_SERVICE_ACCOUNT: Self = Self(0xce206244_5827_4a86_ba1c_1c0c386c1b64);
    /// The `msDS-GroupManagedServiceAccount` class.
    pub const GROUP_MANAGED_SERVICE_ACCOUNT: Self = Self(0x7b8b558a_93a5_4af7_adca_c017e67f1057);

    /// Creates a GUID from bytes in wire order: the first three groups little-endian, the rest as written.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(swapped(u128::from_be_bytes(bytes)))
    }

    /// Returns the bytes in wire order.
    pub const fn to_bytes(self) -> [u8; 16] {
        swapped(self.0).to_be_bytes()
    }
}

impl FromStr for Guid {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
        let invalid = || {
            InvalidValue::new(
                "GUID",
                "is not 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12",
                "write it as bf967a86-0de6-11d0-a285-00aa003049e2",
            )
            .with_value(text)
        };
        let groups: Vec<&str> = text.split('-').collect();
        let shape = groups.iter().map(|group| group.len()).eq(GROUPS);
        if !shape || !text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        u128::from_str_radix(&groups.concat(), 16).map(Self).map_err(|_| invalid())
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = |shift: u32, bits: u32| (self.0 >> shift) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            group(96, 32),
            group(80, 16),
            group(64, 16),
            group(48, 16),
            group(0, 48)
        )
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Swaps the bytes of the first three groups; its own inverse.
const fn swapped(value: u128) -> u128 {
    const fn group(value: u128, shift: u32, bits: u32) -> u128 {
        let moved = ((value >> shift) & ((1 << bits) - 1)).swap_bytes() >> (128 - bits);
        moved << shift
    }
    group(value, 96, 32) | group(value, 80, 16) | group(value, 64, 16) | (value & 0xFFFF_FFFF_FFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_three_groups_are_little_endian_on_the_wire() {
        let guid: Guid = "00112233-4455-6677-8899-aabbccddeeff".parse().unwrap();
        let wire =
            [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        assert_eq!(guid.to_bytes(), wire);
        assert_eq!(Guid::from_bytes(wire), guid);
        assert_eq!(guid.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!("00112233-4455-6677-8899-AABBCCDDEEFF".parse::<Guid>().unwrap(), guid);
    }

    #[test]
    fn the_classes_have_the_guids_of_the_schema() {
        for (guid, text) in [
            (Guid::COMPUTER, "bf967a86-0de6-11d0-a285-00aa003049e2"),
            (Guid::ORGANIZATIONAL_UNIT, "bf967aa5-0de6-11d0-a285-00aa003049e2"),
            (Guid::USER, "bf967aba-0de6-11d0-a285-00aa003049e2"),
            (Guid::MANAGED_SERVICE_ACCOUNT, "ce206244-5827-4a86-ba1c-1c0c386c1b64"),
            (Guid::GROUP_MANAGED_SERVICE_ACCOUNT, "7b8b558a-93a5-4af7-adca-c017e67f1057"),
        ] {
            assert_eq!(guid.to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "",
            "computer",
            "{bf967a86-0de6-11d0-a285-00aa003049e2}",
            "bf967a860de611d0a28500aa003049e2",
            "bf967a86-0de6-11d0-a285-00aa003049e",
            "+f967a86-0de6-11d0-a285-00aa003049e2",
            "bf967a86-0de6-11d0-a285-00aa003049é",
            "bf967a8-60de6-11d0-a285-00aa003049e2",
        ] {
            let error = bad.parse::<Guid>().unwrap_err();
            assert_eq!(
                error.problem(),
                "is not 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12",
                "{bad}"
            );
            assert_eq!(error.value(), Some(bad));
        }
    }

    proptest! {
        #[test]
        fn bytes_and_text_come_back(bytes: [u8; 16]) {
            let guid = Guid::from_bytes(bytes);
            prop_assert_eq!(guid.to_bytes(), bytes);
            prop_assert_eq!(guid.to_string().parse::<Guid>().unwrap(), guid);
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<Guid>();
        }
    }
}
