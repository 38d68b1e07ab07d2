//! Language and country codes.

/// The two-letter language codes of ISO 639.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv \
    dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja \
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng \
    nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv \
    sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Three-letter codes that a tag must not use, because the language has a two-letter code.
const THREE_LETTERS: &str = "eng=en deu=de ger=de fra=fr fre=fr spa=es ita=it por=pt nld=nl dut=nl jpn=ja zho=zh chi=zh kor=ko \
    rus=ru pol=pl swe=sv dan=da nor=nb fin=fi ces=cs cze=cs hun=hu tur=tr ell=el gre=el ron=ro rum=ro ukr=uk heb=he ara=ar";

/// The two-letter country codes of ISO 3166, and Kosovo's, which Windows supports.
const COUNTRIES: &str = "ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv \
    bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr \
    ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg \
    kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx \
    my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg \
    sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug um us uy uz va vc ve vg \
    vi vn vu wf ws xk ye yt za zm zw";

/// Codes that people confuse.
const MEANT: &str = "uk=gb el=gr jp=ja cz=cs dk=da se=sv gr=el ua=uk cn=zh kr=ko";

fn has(codes: &str, code: &str) -> bool {
    codes.split_ascii_whitespace().any(|known| known == code)
}

fn meant<'a>(pairs: &'a str, code: &str) -> Option<&'a str> {
    pairs.split_ascii_whitespace().find_map(|pair| pair.strip_prefix(code)?.strip_prefix('='))
}

/// Returns the part of a well-formed tag that names no language or country, with the intended code if it is known.
pub(super) fn unknown_part(tag: &str) -> Option<(&'static str, &str, Option<&'static str>)> {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let code = language.to_ascii_lowercase();
    let known = match code.len() {
        2 => has(LANGUAGES, &code),
        // There are thousands with three letters, and Windows has some of them.
        3 => meant(THREE_LETTERS, &code).is_none(),
        _ => false,
    };
    if !known {
        let pairs = if code.len() == 2 { MEANT } else { THREE_LETTERS };
        return Some(("language", language, meant(pairs, &code).filter(|code| has(LANGUAGES, code))));
    }
    // A single letter begins an extension, with codes of its own.
    let region = parts
        .take_while(|part| part.len() > 1)
        .find(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    let code = region.to_ascii_lowercase();
    let is_known = has(COUNTRIES, &code);
    (!is_known).then(|| ("country", region, meant(MEANT, &code).filter(|code| has(COUNTRIES, code))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_countries_are_those_of_the_standards() {
        const TAGS: &str = "de-DE de-de DE-AT en-GB zh-Hans-CN sr-Latn-RS es-419 en quz-PE fil-PH sq-XK en-001 \
            ca-ES-valencia de-DE-u-co-phonebk x-private";
        for tag in TAGS.split_ascii_whitespace() {
            let found = unknown_part(tag);
            assert_eq!(found.is_some(), tag == "x-private", "{tag}: {found:?}");
        }
        for (tag, part, code, meant) in [
            ("en-UK", "country", "UK", Some("gb")),
            ("de-XX", "country", "XX", None),
            ("xx-DE", "language", "xx", None),
            ("jp-JP", "language", "jp", Some("ja")),
            ("cz-CZ", "language", "cz", Some("cs")),
            ("english", "language", "english", None),
            ("deutsch-DE", "language", "deutsch", None),
            ("eng-US", "language", "eng", Some("en")),
            ("zh-Hans-XX", "country", "XX", None),
            ("de-EN", "country", "EN", None),
        ] {
            assert_eq!(unknown_part(tag), Some((part, code, meant)), "{tag}");
        }
    }

    #[test]
    fn the_lists_have_as_many_codes_as_the_standards() {
        assert_eq!(COUNTRIES.split_ascii_whitespace().count(), 250);
        assert!(LANGUAGES.split_ascii_whitespace().count() >= 183);
    }
}
