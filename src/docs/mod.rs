//! Guides: topics that need a page of their own.

#[cfg(feature = "serve")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve")))]
pub mod clients {
    #![doc = include_str!("clients.md")]
}

#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod coverage {
    #![doc = include_str!("coverage.md")]
}

pub mod evidence {
    #![doc = include_str!("evidence.md")]
}

pub mod exit_codes {
    #![doc = include_str!("exit_codes.md")]
}

pub mod findings {
    #![allow(clippy::doc_markdown, reason = "remedies are plain text")]
    #![doc = include_str!("findings.md")]
}

#[cfg(feature = "workflow")]
#[cfg_attr(docsrs, doc(cfg(feature = "workflow")))]
pub mod lifecycle {
    #![doc = include_str!("lifecycle.md")]
}

#[cfg(feature = "workflow")]
#[cfg_attr(docsrs, doc(cfg(feature = "workflow")))]
pub mod permissions {
    #![doc = include_str!("permissions.md")]
}

pub mod reliability {
    #![doc = include_str!("reliability.md")]
}

pub mod scaling {
    #![doc = include_str!("scaling.md")]
}

#[cfg(feature = "serve")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve")))]
pub mod served {
    #![doc = include_str!("served.md")]
}

pub mod tracing {
    #![doc = include_str!("tracing.md")]
}

pub mod weight {
    #![doc = include_str!("weight.md")]
}

pub mod writes {
    #![allow(clippy::doc_markdown, reason = "guards are plain text")]
    #![doc = include_str!("writes.md")]
}
