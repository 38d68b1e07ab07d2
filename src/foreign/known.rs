//! The values of one request, and their pieces in a text.

use std::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use super::escape::is_plain;
use super::letters::{self, Letter, Marks};

/// The values of one request that no text may repeat: tokens, secrets, hashes, and people's names.
///
/// A value of 8 or more characters is found by any 8 consecutive ones, even if cut, wrapped or escaped. One of 4 to 7
/// characters is found as a word.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// The values in lower case, without spaces.
    values: Vec<Zeroizing<String>>,
}

/// The number of consecutive characters that identify a value.
const PIECE: usize = 8;

/// The shortest value that is searched for: shorter ones are common words.
const SHORTEST: usize = 4;

/// Returns the name of a person that a segment of a path has: as the key of a user, or as an address.
pub(super) fn person_in<'a>(segment: &'a str, before: &str) -> Option<&'a str> {
    let key = segment.split_once('(').map(|(name, key)| (name, key.trim_matches(['(', ')', '\''])));
    let person = match key {
        Some((name, key)) if name.eq_ignore_ascii_case("users") => key,
        _ if before.eq_ignore_ascii_case("users") || is_address(segment) => segment,
        _ => return None,
    };
    Some(person).filter(|person| !is_id(person))
}

impl Redactor {
    /// Adds a secret.
    pub(crate) fn secret(&mut self, value: &str) -> &mut Self {
        let value = Zeroizing::new(value.chars().filter_map(counted).collect::<String>());
        if value.chars().nth(SHORTEST - 1).is_some() && !self.values.contains(&value) {
            self.values.push(value);
        }
        self
    }

    /// Adds a person's name. The domain of `name@domain` and of `DOMAIN
    /// ame` is not a name.
    pub(crate) fn person(&mut self, name: &str) -> &mut Self {
        let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
        self.secret(name.rsplit_once('\\').map_or(name, |(_, name)| name))
    }

    /// Adds the secrets and names in a JSON body.
    pub(crate) fn json(&mut self, body: &[u8]) -> &mut Self {
        if let Ok(body) = serde_json::from_slice(body) {
            self.value("", &body);
        }
        self
    }

    fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) if is_secret_name(name) => {
                self.secret(text);
            }
            Value::String(text) if is_person_name(name) => {
                self.person(text);
            }
            Value::String(text) if text.starts_with('/') || text.contains("://") => {
                self.address(text);
            }
            Value::String(text) if is_address(text) => {
                self.person(text);
            }
            Value::Number(number) if is_secret_name(name) => {
                self.secret(&number.to_string());
            }
            Value::Array(items) => items.iter().for_each(|item| self.value(name, item)),
            Value::Object(object) => object.iter().for_each(|(name, value)| self.value(name, value)),
            _ => {}
        }
    }

    /// Adds all values of a form except known harmless ones.
    pub(crate) fn form(&mut self, form: &str) -> &mut Self {
        const HARMLESS: &[&str] = &["grant_type", "scope", "client_id", "client_assertion_type", "claims"];
        for pair in form.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                _ if HARMLESS.contains(&name) => {}
                _ if is_person_name(name) => {
                    self.person(&decoded(value));
                }
                _ => {
                    self.secret(&decoded(value));
                }
            }
        }
        self
    }

    /// Adds people's names in the path and query of a URL.
    pub(crate) fn address(&mut self, address: &str) -> &mut Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let mut before = String::new();
        for segment in path.split('/') {
            let segment = decoded(segment);
            if let Some(person) = person_in(&segment, &before) {
                self.person(&person.replace("''", "'"));
            }
            before = segment;
        }
        for pair in query.split('&') {
            let value = decoded(pair.split_once('=').map_or("", |(_, value)| value));
            // Between quotes that are not doubled stand the literals of a filter.
            let value = value.replace("''", "\u{0}");
            for literal in value.split('\'').skip(1).step_by(2).filter(|literal| is_address(literal)) {
                self.person(&literal.replace('\u{0}', "'"));
            }
        }
        self
    }

    /// Marks every piece of a value at every level of escapes.
    pub(super) fn mark(&self, levels: &[Vec<Letter>], marks: &mut Marks) {
        if self.values.is_empty() {
            return;
        }
        let levels: Vec<Level<'_>> = levels.iter().map(|level| Level::new(level)).collect();
        let pieces = PieceSet::new(levels.iter().flat_map(Level::pieces).collect());
        let mut found = Vec::new();
        for value in &self.values {
            if value.chars().nth(PIECE - 1).is_some() {
                found.extend(Pieces::of(value.chars()).filter(|piece| pieces.contains(*piece)));
            } else {
                levels.iter().for_each(|level| level.mark_word(value, marks));
            }
        }
        if !found.is_empty() {
            let found = PieceSet::new(found);
            levels.iter().for_each(|level| level.mark_pieces(&found, marks));
        }
    }
}

/// Shows nothing of the values, which are secrets.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("values", &self.values.len()).finish()
    }
}

/// The significant letters of one level, each with its index among all.
struct Level<'a> {
    letters: &'a [Letter],
    chars: Vec<(usize, char)>,
}

impl<'a> Level<'a> {
    fn new(letters: &'a [Letter]) -> Self {
        let counted = |(at, letter): (usize, &Letter)| Some((at, counted(letter.c)?));
        Self { letters, chars: letters.iter().enumerate().filter_map(counted).collect() }
    }

    fn pieces(&self) -> impl Iterator<Item = u64> + '_ {
        Pieces::of(self.chars.iter().map(|(_, c)| *c))
    }

    fn mark_pieces(&self, found: &PieceSet, marks: &mut Marks) {
        for (at, _) in self.pieces().enumerate().filter(|(_, piece)| found.contains(*piece)) {
            self.mark(at, PIECE, marks);
        }
    }

    /// Marks a short value if it is a word.
    fn mark_word(&self, value: &str, marks: &mut Marks) {
        let value: Vec<char> = value.chars().collect();
        let ends_word = |beside: Option<&Letter>, own: Option<&char>| {
            !(beside.is_some_and(|letter| letter.c.is_alphanumeric())
                && own.is_some_and(|c| c.is_alphanumeric()))
        };
        for (at, part) in self.chars.windows(value.len()).enumerate() {
            let same = part.iter().map(|(_, c)| c).eq(&value);
            if same
                && let (Some((first, _)), Some((last, _))) = (part.first(), part.last())
                && ends_word(first.checked_sub(1).and_then(|before| self.letters.get(before)), value.first())
                && ends_word(self.letters.get(last + 1), value.last())
            {
                self.mark(at, value.len(), marks);
            }
        }
    }

    fn mark(&self, at: usize, length: usize, marks: &mut Marks) {
        let place = |at: usize| self.chars.get(at).map(|(place, _)| *place);
        if let (Some(first), Some(last)) = (place(at), place(at + length - 1)) {
            marks.mark(self.letters.get(first..=last).unwrap_or_default());
        }
    }
}

/// Returns the character in lower case; `None` for spaces and invisible characters, which are ignored.
fn counted(c: char) -> Option<char> {
    match c {
        '!'..='~' => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() || !is_plain(c) => None,
        c => Some(c.to_lowercase().next().unwrap_or(c)),
    }
}

/// A set of pieces with a bit filter that quickly rules most others out.
struct PieceSet {
    sorted: Vec<u64>,
    bits: Vec<u64>,
}

impl PieceSet {
    const BITS: u32 = 16;

    fn new(mut sorted: Vec<u64>) -> Self {
        sorted.sort_unstable();
        sorted.dedup();
        let mut bits = vec![0; 1 << (Self::BITS - 6)];
        for piece in &sorted {
            let (word, bit) = Self::bit(*piece);
            bits.get_mut(word).into_iter().for_each(|word| *word |= bit);
        }
        Self { sorted, bits }
    }

    /// Returns the index of a hash's word in the filter, and the bit in it.
    fn bit(piece: u64) -> (usize, u64) {
        let bit = piece >> (u64::BITS - Self::BITS);
        (usize::try_from(bit / 64).unwrap_or_default(), 1 << (bit % 64))
    }

    fn contains(&self, piece: u64) -> bool {
        let (word, bit) = Self::bit(piece);
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.sorted.binary_search(&piece).is_ok()
    }
}

/// An iterator over rolling hashes of all pieces of a text.
pub(super) struct Pieces<I> {
    chars: I,
    last: [char; PIECE],
    at: usize,
    hash: u64,
}

/// The base of the rolling hash, odd and without a pattern, and its power for the character that leaves a piece.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
const LEAVING: u64 = {
    let mut power = 1_u64;
    let mut count = 0;
    while count < PIECE {
        power = power.wrapping_mul(BASE);
        count += 1;
    }
    power
};

impl<I: Iterator<Item = char>> Pieces<I> {
    pub(super) fn of(chars: I) -> Self {
        Self { chars, last: ['\0'; PIECE], at: 0, hash: 0 }
    }
}

impl<I: Iterator<Item = char>> Iterator for Pieces<I> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            let c = self.chars.next()?;
            let slot = self.last.get_mut(self.at % PIECE)?;
            let leaving = u64::from(u32::from(std::mem::replace(slot, c)));
            self.hash = self
                .hash
                .wrapping_mul(BASE)
                .wrapping_add(u64::from(u32::from(c)))
                .wrapping_sub(leaving.wrapping_mul(LEAVING));
            self.at += 1;
            if self.at >= PIECE {
                return Some(self.hash);
            }
        }
    }
}

/// Properties, parameters and claims whose value is a secret, in lower case, sorted.
const SECRETS: &[&str] = &[
    "access_token",
    "accesstoken",
    "assertion",
    "authorization",
    "client_assertion",
    "client_secret",
    "clientsecret",
    "device_code",
    "deviceaccountpassword",
    "hardware hash",
    "hardwarehash",
    "hardwareidentifier",
    "id_token",
    "password",
    "productkey",
    "refresh_token",
    "refreshtoken",
    "secret",
    "token",
    "user_code",
];

/// Properties, parameters and claims whose value names a person, in lower case, sorted.
const PEOPLE: &[&str] = &[
    "addressableusername",
    "assigneduser",
    "assigneduserprincipalname",
    "deviceaccountupn",
    "email",
    "emailaddress",
    "family_name",
    "given_name",
    "givenname",
    "mail",
    "onpremisesdistinguishedname",
    "onpremisessamaccountname",
    "onpremisesuserprincipalname",
    "preferred_username",
    "samaccountname",
    "surname",
    "unique_name",
    "upn",
    "user",
    "userdisplayname",
    "username",
    "userprincipalname",
];

pub(super) fn is_secret_name(name: &str) -> bool {
    SECRETS.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

pub(super) fn is_person_name(name: &str) -> bool {
    PEOPLE.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

/// Returns `true` for `name@domain`.
fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
}

/// Returns `true` for a GUID.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Decodes percent-encoding and the plus signs of forms.
pub(super) fn decoded(text: &str) -> String {
    let letters = letters::read(text);
    let letters = letters::unescaped(&letters).unwrap_or(letters);
    letters.into_iter().map(|letter| letter.c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_names_are_in_order_for_binary_search() {
        assert!(SECRETS.is_sorted() && PEOPLE.is_sorted());
    }

    #[test]
    fn equal_pieces_have_equal_hashes_wherever_they_stand() {
        let all = |text: &str| Pieces::of(text.chars()).collect::<Vec<_>>();
        assert!(all("1234567").is_empty());
        assert_eq!(all("xx12345678").last(), all("12345678").last());
        assert_ne!(all("12345678"), all("12345687"));
    }

    #[test]
    fn the_values_of_a_request_are_found_by_the_names_of_their_properties() {
        let mut redactor = Redactor::default();
        redactor
            .json(br#"{"a":[{"hardwareIdentifier":"T0EA","serialNumber":"PF3XK7M1"}],"p":{"Password":"hunter"}}"#)
            .json(br#"{"userPrincipalName":"Adele.Vance@contoso.com","x":"o'neill@contoso.com","url":"https://g/users/bob1@c"}"#)
            .form("grant_type=password&client_id=123456&client_secret=a%2Bb%25c&username=meg%40contoso.com")
            .address("/v1.0/users/lidia@contoso.com/manager?$filter=mail%20eq%20'pat''s@contoso.com'")
            .address("https://g/users('alex1')/x/0f8fad5b-d9cb-469f-a165-70867728950e");
        let values: Vec<&str> = redactor.values.iter().map(|value| value.as_str()).collect();
        let expected =
            ["t0ea", "hunter", "bob1", "adele.vance", "o'neill", "a+b%c", "lidia", "pat's", "alex1"];
        assert_eq!(
            values, expected,
            "the grant's type is not a secret, and names of three letters are words"
        );
        assert_eq!(format!("{redactor:?}"), "Redactor { values: 9 }");
    }
}
