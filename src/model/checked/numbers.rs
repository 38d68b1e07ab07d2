//! Numbers with a rule.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::InvalidValue;
use crate::model::text::text_impls;

/// The version of an Intune Connector for Active Directory: four numbers, compared numerically.
///
/// ```
/// use windows_autopilot::model::ConnectorVersion;
/// let version: ConnectorVersion = "6.2501.2000.5".parse()?;
/// assert!(version >= ConnectorVersion::MINIMUM && version < ConnectorVersion::RECOMMENDED);
/// assert!("6.999.0.0".parse::<ConnectorVersion>()? < version);
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectorVersion([u32; 4]);

impl ConnectorVersion {
    /// The oldest version that may still process requests.
    pub const MINIMUM: Self = Self([6, 2501, 2000, 5]);
    /// The first version without the old web browser control's sign-in problems.
    pub const RECOMMENDED: Self = Self([6, 2504, 2001, 8]);
}

impl FromStr for ConnectorVersion {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
        let number = |part| Some(part).filter(digits)?.parse().ok();
        let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
        parts.and_then(|parts| parts.try_into().ok()).map(Self).ok_or_else(|| {
            let remedy = "write a version such as 6.2504.2001.8";
            InvalidValue::new("connector version", "is not four numbers", remedy).with_value(text)
        })
    }
}

text_impls! { [] ConnectorVersion: Parse }

impl fmt::Display for ConnectorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

impl fmt::Debug for ConnectorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for ConnectorVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The timeout of the enrollment status page: 1 to 1,440 minutes.
///
/// ```
/// use windows_autopilot::model::InstallTimeout;
/// assert_eq!(InstallTimeout::from_minutes(90)?.minutes(), 90);
/// assert!(InstallTimeout::from_minutes(0).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The upper bound is taken from another tool; Graph documents none. The default is the same as the service's: 60
/// minutes. A hybrid join adds 40 minutes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallTimeout(i32);

impl InstallTimeout {
    const WHAT: &'static str = "install timeout";

    /// Creates a timeout from minutes.
    ///
    /// # Errors
    /// The value is not between 1 and 1,440.
    pub fn from_minutes(minutes: u16) -> Result<Self, InvalidValue> {
        Self(minutes.into()).checked()
    }

    /// Returns the timeout in minutes.
    pub fn minutes(self) -> i32 {
        self.0
    }

    /// Returns the timeout as a duration.
    pub fn as_duration(self) -> Duration {
        Duration::from_secs(u64::try_from(self.0).unwrap_or_default() * 60)
    }

    /// Returns the rule that the timeout breaks, if the service reported an invalid timeout.
    pub fn violation(&self) -> Option<InvalidValue> {
        let error = InvalidValue::new(
            Self::WHAT,
            "is not from 1 to 1440 minutes",
            "write a number of minutes, such as 60",
        );
        (!(1..=1_440).contains(&self.0)).then(|| error.with_value(&self.to_string()))
    }

    pub(crate) fn from_service(minutes: i32) -> Self {
        Self(minutes)
    }

    fn checked(self) -> Result<Self, InvalidValue> {
        self.violation().map_or(Ok(self), Err)
    }
}

impl Default for InstallTimeout {
    fn default() -> Self {
        Self(60)
    }
}

impl FromStr for InstallTimeout {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let number = || InvalidValue::new(Self::WHAT, "is not a number of minutes", "write one, such as 60");
        Self(text.parse().map_err(|_| number().with_value(text))?).checked()
    }
}

impl fmt::Display for InstallTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for InstallTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} min")
    }
}

impl Serialize for InstallTimeout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checked = self.checked().map_err(serde::ser::Error::custom)?;
        serializer.serialize_i32(checked.0)
    }
}

impl<'de> Deserialize<'de> for InstallTimeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self(i32::deserialize(deserializer)?).checked().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        const ORDERED: &str =
            "0.0.0.0 6.2407.2000.8 6.2501.999.9 6.2501.2000.5 6.2504.2001.8 6.10000.0.0 10.0.0.0";
        let versions: Vec<ConnectorVersion> = ORDERED.split(' ').map(|text| text.parse().unwrap()).collect();
        assert!(versions.is_sorted());
        assert_eq!(versions[3..5], [ConnectorVersion::MINIMUM, ConnectorVersion::RECOMMENDED]);
        assert_eq!(versions[4].to_string(), "6.2504.2001.8");
    }

    #[test]
    fn a_version_is_four_numbers() {
        laws::refused::<ConnectorVersion>(&[
            ("", "not four numbers"),
            ("6.2501.2000", "not four numbers"),
            ("6.2501.2000.5.1", "not four numbers"),
            ("6.2501.2000.x", "not four numbers"),
            ("6.2501.+2000.5", "not four numbers"),
            ("6.2501.2000.4294967296", "not four numbers"),
        ]);
    }

    #[test]
    fn a_timeout_has_1_to_1440_minutes() {
        for minutes in [1, 60, 1_440] {
            let timeout = InstallTimeout::from_minutes(minutes).unwrap();
            assert_eq!(timeout.as_duration(), Duration::from_secs(u64::from(minutes) * 60));
        }
        for minutes in [0, 1_441] {
            assert_eq!(
                InstallTimeout::from_minutes(minutes).unwrap_err().problem(),
                "is not from 1 to 1440 minutes",
                "{minutes}"
            );
        }
        assert_eq!(serde_json::from_str::<InstallTimeout>("90").unwrap().minutes(), 90);
        let error = serde_json::from_str::<InstallTimeout>("0").unwrap_err().to_string();
        assert!(error.contains("is not from 1 to 1440 minutes"), "{error}");
        assert!(InstallTimeout::from_service(-5).violation().is_some());
        assert_eq!(InstallTimeout::from_service(i32::MIN).as_duration(), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn numbers_hold_the_laws(text in "\\PC{0,12}|[0-9]{1,5}(\\.[0-9]{1,5}){3}", minutes in any::<i32>()) {
            laws::parse_and_print::<ConnectorVersion>(&text);
            laws::parse_and_print::<InstallTimeout>(&minutes.to_string());
            laws::parse_and_print::<InstallTimeout>(&(minutes % 2_000).to_string());
        }
    }
}
