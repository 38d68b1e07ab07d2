//! The report as a page of HTML.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::data::data;
use super::deployment::{DeploymentReport, Ranked};
use super::parts::Escaped;
use super::timeline::Scale;
use super::words::{EMPTY, ROWS, count};
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// The maximum number of bytes of the rows without scripts.
const ROW_BYTES: usize = 350_000;

/// The maximum number of bytes of a page, as long as the rows of all devices fit in.
const BYTES: usize = 1_990_000;

impl DeploymentReport {
    /// Returns the report as a single HTML page: the problems, the phases, and a row with a timeline for each device.
    ///
    /// The page is one file that makes no requests to other hosts. One small script, the only one that the page's
    /// policy allows, searches, filters and paginates the rows. Without scripts, the page shows all problems, all
    /// counts, and the first 500 rows, starting with the devices that need attention. A page for five thousand devices
    /// is smaller than 2 MB; to stay small, it may omit the details of ready devices.
    ///
    /// A page that is served over HTTP fetches `report.json` from its own folder every five seconds and redraws itself
    /// without a reload. Serve [`WatchHandle::snapshot`](crate::workflow::watch::WatchHandle::snapshot) there,
    /// serialized as JSON with serde.
    ///
    /// The page follows the reader's preference for light or dark mode and can be printed. All external text is
    /// escaped.
    pub fn to_html(&self) -> String {
        let ranked = self.ranked();
        let mut page = String::with_capacity(65_536 + ranked.len() * 384);
        // Writing to a string does not fail.
        let _ = self.write_page(&mut page, &ranked);
        page
    }

    fn write_page(&self, out: &mut String, ranked: &[Ranked<'_>]) -> fmt::Result {
        let title = self.title();
        let digest = STANDARD.encode(hmac_sha256::Hash::hash(SCRIPT.as_bytes()));
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{digest}'; \
             connect-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#devices\">Skip to the devices</a>\n<main>\n\
             <h1 id=\"title\">{}</h1>\n<p class=\"soft\" id=\"period\">{}, {}</p>\n\
             <p id=\"note\" role=\"status\"></p>\n",
            Escaped(&title),
            self.summary(),
            Escaped(&title),
            count(self.devices.len(), "device"),
            self.period()
        )?;
        out.push_str("<div id=\"totals\">");
        self.write_totals(out)?;
        out.push_str("</div>\n<div id=\"problems\">");
        if self.devices.is_empty() {
            write!(out, "<p class=\"empty\">{EMPTY}</p>")?;
        }
        self.write_problems(out, ranked)?;
        out.push_str("</div>\n<div id=\"phases\">");
        self.write_phases(out, ranked)?;
        out.push_str("</div>\n");
        self.write_devices(out, ranked)?;
        out.push_str(
            "</main>\n<footer>Times are UTC. A phase begins when the service says so or, if it does not, when it was first \
             seen. Graph does not show what happens on the device or on the premises.</footer>\n",
        );
        let budget = BYTES.saturating_sub(out.len() + SCRIPT.len());
        write!(
            out,
            "<script type=\"application/json\" id=\"data\">{}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
            data(self, ranked, budget)
        )
    }

    fn write_devices(&self, out: &mut String, ranked: &[Ranked<'_>]) -> fmt::Result {
        write!(
            out,
            "<section id=\"devices\" aria-labelledby=\"devices-title\" tabindex=\"-1\"{}>\
             <h2 id=\"devices-title\">Devices</h2>\n<div class=\"controls\" id=\"controls\" role=\"search\" hidden>\
             <label>Search <input id=\"query\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></label>\
             <label>State <select id=\"outcome\"><option value=\"\">all</option>",
            if ranked.is_empty() { " hidden" } else { "" }
        )?;
        for outcome in DeploymentOutcome::ALL {
            write!(out, "<option>{outcome}</option>")?;
        }
        out.push_str("</select></label><label>Phase <select id=\"phase\"><option value=\"\">all</option>");
        for phase in Phase::ALL {
            write!(out, "<option>{phase}</option>")?;
        }
        out.push_str(
            "</select></label><button type=\"button\" id=\"clear\" hidden></button></div>\n\
             <nav class=\"pages\" aria-label=\"Pages of devices\" id=\"pages\" hidden>\
             <button type=\"button\" id=\"previous\">Previous</button><button type=\"button\" id=\"next\">Next</button>\
             <span role=\"status\" id=\"shown\"></span></nav>\n<div id=\"legend\">",
        );
        self.write_legend(out)?;
        out.push_str("</div>\n<div class=\"devices\" id=\"rows\"></div>\n<noscript>");
        self.write_rows(out, ranked)?;
        out.push_str("</noscript>\n</section>\n");
        Ok(())
    }

    /// Writes the rows that are shown without scripts.
    fn write_rows(&self, out: &mut String, ranked: &[Ranked<'_>]) -> fmt::Result {
        let mut rows = String::new();
        let mut shown = 0;
        let scale = Scale::of(self);
        for device in ranked.iter().take(ROWS) {
            let row = self.row(&scale, *device)?;
            if rows.len() + row.len() > ROW_BYTES {
                break;
            }
            rows.push_str(&row);
            shown += 1;
        }
        write!(
            out,
            "<p class=\"soft\">Scripts are off: the page shows {shown} of {}, those that need attention first, and has no \
             search. The report as JSON has the details of all.</p>\n<ul class=\"rows\">\n{rows}</ul>",
            count(ranked.len(), "device")
        )
    }
}
