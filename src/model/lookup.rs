/// The answer to a question about the tenant or a directory: present, absent, or unknown.
///
/// A failed read, a missing permission and a source that was not collected are [`Unknown`](Self::Unknown), never
/// [`Absent`](Self::Absent).
///
/// ```
/// use windows_autopilot::model::Lookup;
///
/// let answers = [Lookup::Present("CORP"), Lookup::Absent, Lookup::Unknown];
/// assert_eq!(answers.map(|answer| answer.present().is_some()), [true, false, false]);
/// assert_eq!(answers.map(|answer| answer.is_known()), [true, true, false]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lookup<T> {
    /// Not read, not readable or not collected.
    #[default]
    Unknown,
    /// Read, and absent.
    Absent,
    /// Read, and present.
    Present(T),
}

impl<T> Lookup<T> {
    /// Returns the value, if there is one.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// Returns `true` if the read succeeded and found nothing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns `true` unless the answer is [`Unknown`](Self::Unknown).
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown)
    }

    /// Borrows the value.
    pub fn as_ref(&self) -> Lookup<&T> {
        match self {
            Self::Unknown => Lookup::Unknown,
            Self::Absent => Lookup::Absent,
            Self::Present(value) => Lookup::Present(value),
        }
    }

    /// Maps the value, if there is one.
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Lookup<U> {
        match self {
            Self::Unknown => Lookup::Unknown,
            Self::Absent => Lookup::Absent,
            Self::Present(value) => Lookup::Present(map(value)),
        }
    }
}

impl<T> From<Option<T>> for Lookup<T> {
    /// Converts the result of a successful read: `None` is [`Absent`](Self::Absent).
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Absent, Self::Present)
    }
}
