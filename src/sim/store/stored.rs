//! The form of rows in a snapshot, for values without their own serde form.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{As, Same};

/// A map without text keys, for `#[serde(with = "Pairs")]`.
pub(crate) type Pairs = As<Vec<(Same, Same)>>;

/// A word of the service from a fixed list, which the simulation writes into a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Word(pub(crate) &'static str);

const WORDS: [&str; 20] = [
    "AzureAd",
    "InvalidZtdHardwareHash",
    "ServerAd",
    "StorageError",
    "Workplace",
    "ZtdDeviceAlreadyAssigned",
    "ZtdDeviceAssignedToOtherTenant",
    "ZtdDeviceDuplicated",
    "active",
    "blocked",
    "complete",
    "enrolled",
    "error",
    "failed",
    "inactive",
    "notContacted",
    "partial",
    "pending",
    "unknown",
    "",
];

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = WORDS.into_iter().find(|word| *word == text);
        known.map(Self).ok_or_else(|| D::Error::custom(format_args!("the simulation has no word {text:?}")))
    }
}

/// A random number generator by its seed, for `#[serde(with = "random")]`.
pub(crate) mod random {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(rng: &fastrand::Rng, serializer: S) -> Result<S::Ok, S::Error> {
        rng.get_seed().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<fastrand::Rng, D::Error> {
        u64::deserialize(deserializer).map(fastrand::Rng::with_seed)
    }
}
