//! Formats the resultant set as text.

use std::fmt::{self, Display, Formatter};

use super::input::ObjectKind;
use super::outcome::{Contender, Effective, LostBy, ResultantGroup, ResultantSet};

/// The maximum number of serial numbers in a line.
const SHOWN: usize = 5;

impl Display for ObjectKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HybridJoinProfile => "hybrid join",
            Self::EntraJoinProfile => "Entra join",
            Self::OtherProfile => "another kind of join",
            Self::StatusPage => "status page",
            Self::DomainJoin => "domain join",
        })
    }
}

impl Display for Contender {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.display_name)?;
        if matches!(self.kind, ObjectKind::EntraJoinProfile | ObjectKind::OtherProfile) {
            write!(f, " ({})", self.kind)?;
        }
        write!(f, ", by {}", self.target_label)?;
        if self.by_rule {
            f.write_str(" (its rule matches; not a member yet)")?;
        }
        Ok(())
    }
}

impl Display for LostBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Excluded(group) => write!(f, "it excludes group {group}"),
            Self::FilteredOut(filter) => write!(f, "filter {filter} leaves the device out"),
            Self::Older => f.write_str("the other one is older"),
            Self::LowerPriority => f.write_str("the other one has the smaller priority number"),
            Self::AllDevices => f.write_str("the other one is assigned to a group of the device"),
            Self::AssignedToUsers => {
                f.write_str("the other one is assigned to the device, and this one to its user")
            }
        }
    }
}

impl Display for Effective {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let list = |f: &mut Formatter<'_>, contenders: &[Contender]| {
            for (index, contender) in contenders.iter().enumerate() {
                let separator = if index == 0 { "" } else { "; " };
                write!(f, "{separator}{contender}")?;
            }
            Ok(())
        };
        match self {
            Self::Gets { winner, .. } => write!(f, "{winner}"),
            Self::DefaultPage { .. } => f.write_str("the default page"),
            Self::Nothing { .. } => f.write_str("none"),
            Self::Conflict { contenders } => {
                f.write_str("CONFLICT of ")?;
                list(f, contenders)
            }
            Self::Unknown { possible, .. } if possible.is_empty() => f.write_str("not known"),
            Self::Unknown { possible, .. } => {
                f.write_str("not known; perhaps ")?;
                list(f, possible)
            }
        }
    }
}

impl ResultantGroup {
    /// Returns the three outcomes, each with its name.
    pub(crate) fn parts(&self) -> [(&'static str, &Effective); 3] {
        [("profile", &self.profile), ("status page", &self.page), ("domain join", &self.domain_join)]
    }
}

impl Display for ResultantGroup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let count = self.devices.len();
        let shown: Vec<&str> = self.devices.iter().take(SHOWN).map(String::as_str).collect();
        write!(f, "  {}", shown.join(", "))?;
        match count.saturating_sub(SHOWN) {
            0 => writeln!(f)?,
            more => writeln!(f, " and {more} more")?,
        }
        for (name, effective) in self.parts().into_iter().filter(|(_, effective)| !effective.is_not_asked()) {
            writeln!(f, "    {name:<12} {effective}")?;
            for loser in effective.lost() {
                writeln!(f, "    {:<12} not {}: {}", "", loser.contender, loser.by)?;
            }
            if let Effective::Unknown { because, .. } = effective {
                for reason in because {
                    writeln!(f, "    {:<12} ? {}: {}; {}", "", reason.place, reason.evidence, reason.remedy)?;
                }
            }
        }
        Ok(())
    }
}

impl Display for ResultantSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.groups().iter().try_for_each(|group| write!(f, "{group}"))
    }
}
