//! Sets of named bits, as the directory stores them.

use std::fmt;

/// A set of bits with its names: constants, set operations, and a `Debug` in hexadecimal.
macro_rules! bit_set {
    ($(#[$meta:meta])* pub struct $name:ident($int:ty) { $($(#[$doc:meta])* $flag:ident = $value:expr;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($int);

        impl $name {
            $($(#[$doc])* pub const $flag: Self = Self($value);)*

            /// Creates a set with these bits, including any that have no name.
            pub const fn from_bits(bits: $int) -> Self {
                Self(bits)
            }

            /// Returns the bits.
            pub const fn bits(self) -> $int {
                self.0
            }

            /// Returns `true` if no bit is set.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Returns `true` if every bit of `other` is set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Returns the bits in either set.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// Returns the bits in both sets.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Returns the bits that are not in `other`.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.0)
            }
        }
    };
}

bit_set! {
    /// Rights on a directory object.
    pub struct AccessMask(u32) {
        /// Create children of any type, or only of the entry's object type.
        CREATE_CHILD = 0x1;
        /// Delete children of any type, or only of the entry's object type.
        DELETE_CHILD = 0x2;
        /// List children.
        LIST_CHILDREN = 0x4;
        /// Validated writes.
        SELF_WRITE = 0x8;
        /// Read properties.
        READ_PROPERTY = 0x10;
        /// Write properties.
        WRITE_PROPERTY = 0x20;
        /// Delete the object and everything below it.
        DELETE_TREE = 0x40;
        /// See the object in a list.
        LIST_OBJECT = 0x80;
        /// Extended rights: all, or the one that the entry's object type names.
        CONTROL_ACCESS = 0x100;
        /// Delete the object.
        DELETE = 0x1_0000;
        /// Read the security descriptor, except the SACL.
        READ_CONTROL = 0x2_0000;
        /// Change the DACL.
        WRITE_DACL = 0x4_0000;
        /// Take ownership.
        WRITE_OWNER = 0x8_0000;
        /// All rights, before the directory maps them to [`FULL_CONTROL`](Self::FULL_CONTROL).
        GENERIC_ALL = 0x1000_0000;
        /// Execute, before mapping.
        GENERIC_EXECUTE = 0x2000_0000;
        /// Write, before mapping.
        GENERIC_WRITE = 0x4000_0000;
        /// Read, before mapping.
        GENERIC_READ = 0x8000_0000;
        /// Every right on a directory object.
        FULL_CONTROL = 0xF_01FF;
    }
}

impl AccessMask {
    /// Returns the rights with generic ones mapped to those of a directory object.
    ///
    /// ```
    /// # use windows_autopilot::ad::descriptor::AccessMask;
    /// assert_eq!(AccessMask::GENERIC_ALL.mapped(), AccessMask::FULL_CONTROL);
    /// ```
    #[must_use]
    pub const fn mapped(self) -> Self {
        const MEANING: [(AccessMask, u32); 4] = [
            (AccessMask::GENERIC_ALL, 0xF_01FF),
            (AccessMask::GENERIC_EXECUTE, 0x2_0004),
            (AccessMask::GENERIC_WRITE, 0x2_0028),
            (AccessMask::GENERIC_READ, 0x2_0094),
        ];
        let mut mapped = self;
        let mut rest: &[(Self, u32)] = &MEANING;
        while let Some(((generic, meaning), more)) = rest.split_first() {
            if mapped.contains(*generic) {
                mapped = mapped.without(*generic).union(Self(*meaning));
            }
            rest = more;
        }
        mapped
    }
}

bit_set! {
    /// The flags of an entry: inheritance and auditing.
    pub struct AceFlags(u8) {
        /// Inherited by children that are not containers. Every directory object is a container, so this has no effect.
        OBJECT_INHERIT = 0x1;
        /// Inherited by children.
        CONTAINER_INHERIT = 0x2;
        /// Inherited by children but not by deeper descendants.
        NO_PROPAGATE = 0x4;
        /// Has no effect on the object itself.
        INHERIT_ONLY = 0x8;
        /// Inherited from a parent.
        INHERITED = 0x10;
        /// Must not be dropped by a reader that does not understand the entry.
        CRITICAL = 0x20;
        /// An audit entry that reports success.
        SUCCESSFUL_ACCESS = 0x40;
        /// An audit entry that reports failure.
        FAILED_ACCESS = 0x80;
    }
}

bit_set! {
    /// The control bits of a security descriptor.
    pub struct Control(u16) {
        /// The owner was set by default.
        OWNER_DEFAULTED = 0x1;
        /// The group was set by default.
        GROUP_DEFAULTED = 0x2;
        /// A DACL is present. It may be the null DACL, which grants everyone everything.
        DACL_PRESENT = 0x4;
        /// The DACL was set by default.
        DACL_DEFAULTED = 0x8;
        /// A SACL is present.
        SACL_PRESENT = 0x10;
        /// The SACL was set by default.
        SACL_DEFAULTED = 0x20;
        /// Inheritable entries of the DACL must be propagated to the children.
        DACL_AUTO_INHERIT_REQUIRED = 0x100;
        /// Inheritable entries of the SACL must be propagated to the children.
        SACL_AUTO_INHERIT_REQUIRED = 0x200;
        /// Inheritable entries of the DACL are propagated to the children.
        DACL_AUTO_INHERITED = 0x400;
        /// Inheritable entries of the SACL are propagated to the children.
        SACL_AUTO_INHERITED = 0x800;
        /// The DACL inherits nothing.
        DACL_PROTECTED = 0x1000;
        /// The SACL inherits nothing.
        SACL_PROTECTED = 0x2000;
        /// The byte after the revision contains a resource manager's control bits.
        RESOURCE_MANAGER_VALID = 0x4000;
        /// The parts are located by offsets, as on the wire.
        SELF_RELATIVE = 0x8000;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_control_is_every_named_right_of_a_directory_object() {
        let named = [
            AccessMask::CREATE_CHILD,
            AccessMask::DELETE_CHILD,
            AccessMask::LIST_CHILDREN,
            AccessMask::SELF_WRITE,
            AccessMask::READ_PROPERTY,
            AccessMask::WRITE_PROPERTY,
            AccessMask::DELETE_TREE,
            AccessMask::LIST_OBJECT,
            AccessMask::CONTROL_ACCESS,
            AccessMask::DELETE,
            AccessMask::READ_CONTROL,
            AccessMask::WRITE_DACL,
            AccessMask::WRITE_OWNER,
        ];
        let all = named.into_iter().fold(AccessMask::default(), AccessMask::union);
        assert_eq!(all, AccessMask::FULL_CONTROL);
    }

    #[test]
    fn generic_rights_are_mapped_to_the_rights_they_mean_and_the_others_stay() {
        for (mask, mapped) in [
            (0x1000_0000, 0xF_01FF),
            (0x2000_0000, 0x2_0004),
            (0x4000_0000, 0x2_0028),
            (0x8000_0000, 0x2_0094),
            (0xC000_0001, 0x2_00BD),
            (0x0100_0003, 0x0100_0003),
        ] {
            assert_eq!(AccessMask::from_bits(mask).mapped().bits(), mapped, "{mask:#x}");
        }
    }
}
