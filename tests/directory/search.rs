//! Searches with many answers, and what becomes of one when the server does not answer any more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use windows_autopilot::ad::directory::{
    Directory, DirectoryError, DirectoryErrorKind, Modification, Search, SearchFilter, SearchPage,
};
use windows_autopilot::ad::ldap::{LdapDirectory, LdapOptions, LdapSignIn};
use windows_autopilot::clock::FakeClock;

use crate::controller::{Controller, add, unique};
use crate::proxy::Proxy;

/// More than the 1,000 at which Windows stops.
const MANY: usize = 1_100;

/// A directory that counts its pages and runs something after one of them.
struct Counted<F> {
    inner: LdapDirectory,
    pages: AtomicUsize,
    after: F,
}

impl<F> fmt::Debug for Counted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

#[async_trait]
impl<F: Fn(usize) + Send + Sync> Directory for Counted<F> {
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
        let page = self.inner.search_page(search).await?;
        (self.after)(self.pages.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(page)
    }

    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
        self.inner.modify(change).await
    }
}

async fn add_computers(controller: &Controller, unit: &str, prefix: &str, count: usize) {
    for number in 0..count {
        let name = format!("{prefix}{number:04}");
        let sam = format!("{name}$");
        let attributes: [(&str, &[&str]); 3] =
            [("objectClass", &["computer"]), ("sAMAccountName", &[&sam]), ("userAccountControl", &["4096"])];
        add(&controller.raw, &format!("CN={name},{unit}"), &attributes).await.unwrap();
    }
}

fn computers(base: &str, prefix: &str) -> Search {
    let filter = SearchFilter::all([
        SearchFilter::equals("objectCategory", "computer"),
        SearchFilter::starts_with("sAMAccountName", prefix),
    ]);
    Search::subtree(base, filter).with_attributes(["sAMAccountName"])
}

#[tokio::test]
async fn more_than_a_thousand_computers_are_found_page_after_page() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, prefix) = (controller.unit().await, unique("M"));
    add_computers(&controller, unit.as_str(), &prefix, MANY).await;
    let counted = Counted { inner: controller.admin().await, pages: AtomicUsize::new(0), after: |_| {} };
    let found = counted.search(computers(&controller.base, &prefix), 10_000).await.unwrap();
    let mut names: Vec<&str> = found.iter().filter_map(|entry| entry.text("sAMAccountName")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((found.len(), names.len()), (MANY, MANY));
    assert_eq!(counted.pages.into_inner(), 3, "500 a page");
}

/// A connection through a proxy, and a search of many small pages on it.
async fn through(
    controller: &Controller,
    options: impl FnOnce(LdapOptions) -> LdapOptions,
) -> (Proxy, LdapDirectory) {
    let proxy = Proxy::to(controller.url.strip_prefix("ldaps://").unwrap()).await;
    let address = format!("ldaps://127.0.0.1:{}", proxy.port);
    let settings = LdapOptions::new(&address).unwrap().with_root_certificate(controller.authority.clone());
    let sign_in = LdapSignIn::new(&*controller.admin_upn, &*controller.admin_password).unwrap();
    let directory = options(settings).connect(&sign_in).await.unwrap();
    (proxy, directory)
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_of_a_search_is_an_error_at_once() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, prefix) = (controller.unit().await, unique("S"));
    add_computers(&controller, unit.as_str(), &prefix, 20).await;
    let (proxy, inner) = through(&controller, |options| options).await;
    let (pages, after) = (AtomicUsize::new(0), |page| {
        if page == 2 {
            proxy.cut()
        }
    });
    let counted = Counted { inner: inner.clone(), pages, after };
    let mut search = computers(&controller.base, &prefix);
    search.page_size = 5;
    let error = counted.search(search.clone(), 100).await.unwrap_err();
    assert_eq!(error.kind(), DirectoryErrorKind::Interrupted, "{error}");
    assert!(error.outcome_unknown() && error.to_string().contains("connect again"), "{error}");
    assert_eq!(counted.pages.into_inner(), 2);
    let again = inner.search(search, 100).await.unwrap_err();
    assert_eq!(again.kind(), DirectoryErrorKind::Interrupted, "{again}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_waited_for_as_long_as_was_said() {
    let Some(controller) = Controller::find().await else { return };
    let clock = FakeClock::manual();
    let (proxy, directory) = through(&controller, |options| {
        options.with_timeout(Duration::from_secs(60)).with_clock(Arc::new(clock.clone()))
    })
    .await;
    directory.read(Search::entry(&*controller.base)).await.unwrap().unwrap();
    proxy.go_dead();
    let search = Search::entry(&*controller.base);
    let call = tokio::spawn(async move { directory.read(search).await });
    proxy.swallowed().await;
    clock.advance(Duration::from_secs(59));
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    clock.advance(Duration::from_secs(1));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), DirectoryErrorKind::Timeout, "{error}");
}
