// Draws the report: from the data of the page at first, and from `report.json` beside a served page later. Text from
// outside becomes text of an element or a quoted attribute, never markup.
'use strict'
{
    const ROWS = 50 // a page of them on the screen
    const PRINTED = 500
    const LONGEST_TEXT = 1000
    const LONGEST_LIST = 20_000
    const INTERVAL = 5000
    const HOUR = 3600_000

    const { words, texts, shapes, earliest, head, devices } = JSON.parse(document.getElementById('data').textContent)
    const { limits } = words
    const byKey = list => new Map(list.map((entry, rank) => [entry.key, { ...entry, rank }]))
    const outcomes = byKey(words.outcomes)
    const phases = byKey(words.phases)
    const severities = byKey(words.severities)
    const phaseOf = key => phases.get(key) ?? { name: plain(key), activity: plain(key), class: '', next: '', rank: phases.size }
    const outcomeOf = key => outcomes.get(key) ?? { name: plain(key), class: '', rank: outcomes.size }
    const isBegun = ({ phase }) => phaseOf(phase).rank >= phases.get('enrolled').rank

    /// Undoes what `pack.rs` does.
    const unpack = value => {
        if (typeof value === 'number') {
            return value < 0 ? new Date((earliest - value - 1) * 1000).toISOString().replace('.000Z', 'Z') : texts[value]
        }
        if (!Array.isArray(value)) return value
        const [kind, ...rest] = value
        if (kind < 0) return rest[0]
        const items = rest.map(unpack)
        return kind === 0 ? items : Object.fromEntries(shapes[kind - 1].map((name, index) => [name, items[index]]))
    }

    // Text and elements

    const $ = id => document.getElementById(id)
    const RISKY = /[\p{Cc}\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu
    const BLANKS = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
    /// Text from outside, with everything escaped that would act on the text around it.
    function plain(text) {
        return String(text ?? '').replace(RISKY, c => BLANKS[c] ?? `\\u{${c.codePointAt(0).toString(16)}}`)
    }
    const shortened = (text, longest = limits.longest) => {
        const letters = [...text]
        return letters.length > longest ? `${letters.slice(0, longest).join('')}…` : text
    }
    const element = (name, attributes, ...children) => {
        const made = document.createElement(name)
        for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value)
        made.append(...children.filter(child => child !== undefined && child !== ''))
        return made
    }
    const count = (number, noun) => number === 1 ? `1 ${noun}` : `${number} ${noun}s`
    const moment = time => plain(time).slice(0, 16).replace('T', ' ')
    const milliseconds = time => Date.parse(time) || 0
    const spell = span => {
        const seconds = Math.max(0, Math.trunc(span / 1000))
        const hours = Math.trunc(seconds / 3600)
        const minutes = Math.trunc(seconds / 60) % 60
        if (hours === 0) return minutes === 0 ? `${seconds} s` : `${minutes} min`
        if (minutes === 0) return `${hours} h`
        return hours >= 24 ? `${Math.trunc(hours / 24)} d ${hours % 24} h` : `${hours} h ${minutes} min`
    }
    const headline = ({ id }) => {
        const name = String(id).slice(String(id).indexOf('.') + 1).replaceAll('-', ' ')
        return plain(words.names.reduce((text, [word, written]) => text.replaceAll(word, written), name))
    }
    const statusOf = (phase, outcome) =>
        outcome === 'failed' || outcome === 'overdue'
            ? `${outcomeOf(outcome).name} at ${phaseOf(phase).activity}`
            : phaseOf(phase).name

    // The report

    let report
    /// One device as it is drawn: `index` is its place in the report.
    const viewOf = (device, index) => {
        const findings = device.findings ?? []
        const facts = device.facts ?? {}
        const timeline = device.timeline ?? []
        const begun = timeline.find(isBegun)
        const done = device.phase === 'ready' ? timeline.find(start => start.phase === 'ready')?.at : device.settled
        const status = statusOf(device.phase, device.outcome)
        const problem = findings.length ? headline(findings[0]) : ''
        const name = plain(device.serial_number ?? device.id)
        const searched = [
            name, status, problem, device.id, ...findings.map(finding => finding.id),
            ...Object.values(facts).filter(fact => typeof fact === 'string'),
        ]
        return {
            device, index, findings, facts, timeline, status, problem, name,
            order: [outcomeOf(device.outcome).rank, phaseOf(device.phase).rank, problem, name],
            took: begun && done ? spell(milliseconds(done) - milliseconds(begun.at)) : '',
            text: searched.map(plain).join('\n').toLowerCase(),
        }
    }
    const compare = (a, b) => {
        for (let at = 0; at < a.order.length; at++) {
            if (a.order[at] < b.order[at]) return -1
            if (a.order[at] > b.order[at]) return 1
        }
        return a.index - b.index
    }
    /// Devices by their first finding and outcome: the worst outcome first, then the most frequent.
    const problemsOf = views => {
        const problems = new Map()
        for (const view of views) {
            if (!view.findings.length) continue
            const key = `${view.findings[0].id}\n${view.device.outcome}`
            if (!problems.has(key)) problems.set(key, { key, outcome: view.device.outcome, finding: view.findings[0], views: [] })
            problems.get(key).views.push(view)
        }
        return [...problems.values()].sort((a, b) =>
            outcomeOf(a.outcome).rank - outcomeOf(b.outcome).rank || b.views.length - a.views.length)
    }
    const problemOf = view => view.findings.length ? `${view.findings[0].id}\n${view.device.outcome}` : ''

    /// Reads a report as `serde` writes it.
    const read = value => {
        if (typeof value?.started !== 'string' || !Array.isArray(value.devices)) throw new Error('it is not a deployment report')
        const views = value.devices.map(viewOf)
        const from = milliseconds(value.started)
        const starts = views.map(view => view.timeline.find(isBegun))
        const drawn = starts.filter(Boolean).map(start => milliseconds(start.at)).filter(at => at >= from - 12 * HOUR)
        const scale = { from: drawn.reduce((a, b) => Math.min(a, b), from) }
        scale.to = Math.max(milliseconds(value.ended), scale.from + 60_000)
        return {
            ...value, views, scale, findings: value.findings ?? [], ranked: [...views].sort(compare), problems: problemsOf(views),
        }
    }

    // Counts and causes

    /// Replaces what an element shows if it differs, and keeps the focus on the link or button that had it.
    const show = (parent, ...children) => {
        const fresh = element('div', {}, ...children)
        const [now, then] = [[...parent.childNodes], [...fresh.childNodes]]
        if (now.length === then.length && now.every((node, at) => node.isEqualNode(then[at]))) return
        const buttons = () => [...parent.querySelectorAll('a, button')]
        const focused = parent.contains(document.activeElement) ? buttons().indexOf(document.activeElement) : -1
        parent.replaceChildren(...then)
        buttons()[focused]?.focus({ preventScroll: true })
    }
    const drawTotals = () => {
        const numbers = words.outcomes.map(({ key }) => report.views.filter(view => view.device.outcome === key).length)
        const totals = words.outcomes.map(({ name, class: of }, at) =>
            element('li', { class: numbers[at] ? of : `${of} none` }, element('b', {}, String(numbers[at])), name))
        const shares = words.outcomes.map(({ class: of }, at) =>
            numbers[at] ? element('span', { class: of, style: `flex:${numbers[at]}` }) : undefined)
        show($('totals'), element('ul', { class: 'totals' }, ...totals), element('div', { class: 'share', 'aria-hidden': 'true' }, ...shares))
        const title = plain(report.title ?? 'Deployment of devices')
        const listed = words.outcomes.map(({ name }, at) => numbers[at] ? `${numbers[at]} ${name}` : '').filter(Boolean)
        const devices = count(report.views.length, 'device')
        document.title = `${title}: ${listed.length ? `${devices}: ${listed.join(', ')}` : devices}`
        $('title').textContent = title
        const took = spell(milliseconds(report.ended) - milliseconds(report.started))
        $('period').textContent = `${devices}, ${moment(report.started)} to ${moment(report.ended)} UTC, ${took}`
    }
    const findingEntries = finding => [
        element('dt', {}, 'Evidence'),
        element('dd', {}, `${shortened(plain(finding.evidence), LONGEST_TEXT)} `, element('code', {}, shortened(plain(finding.id)))),
        element('dt', {}, 'To do'),
        element('dd', {}, shortened(plain(finding.remedy), LONGEST_TEXT)),
    ]
    const card = (of, title, number, ...entries) =>
        element('article', { class: `card ${of}` },
            element('header', {}, element('h3', {}, title), element('span', { class: 'n' }, number)),
            element('dl', {}, ...entries))
    const drawProblems = () => {
        if (!report.views.length && !report.findings.length) {
            return show($('problems'), element('p', { class: 'empty' }, words.empty))
        }
        const cards = report.problems.slice(0, limits.cards).map(problem => {
            const statuses = [...new Set(problem.views.map(view => view.status))].sort()
            const links = problem.views.slice(0, limits.linked).flatMap(view =>
                [element('a', { href: `#d${view.index}` }, shortened(view.name)), ' '])
            const more = problem.views.length - limits.linked
            const all = element('button', { type: 'button', 'data-problem': problem.key }, `Show ${count(problem.views.length, 'device')}`)
            return card(outcomeOf(problem.outcome).class, shortened(headline(problem.finding)), count(problem.views.length, 'device'),
                element('dt', {}, 'Where'), element('dd', {}, statuses.join(', ')), ...findingEntries(problem.finding),
                element('dt', {}, 'Devices'), element('dd', {}, ...links, more > 0 ? `and ${more} more ` : '', all))
        })
        const general = report.findings.slice(0, limits.general).map(finding =>
            card('overdue', headline(finding), severities.get(finding.severity)?.name ?? '',
                element('dt', {}, 'Where'), element('dd', {}, shortened(plain(finding.place), LONGEST_TEXT)), ...findingEntries(finding)))
        const others = [
            ...report.problems.slice(limits.cards).map(({ finding, outcome, views }) =>
                `${shortened(headline(finding))}: ${outcomeOf(outcome).name}, ${count(views.length, 'device')}`),
            ...report.findings.slice(limits.general).map(finding => `${headline(finding)}: ${shortened(plain(finding.place))}`),
        ].join('; ')
        const empty = report.views.length ? [] : [element('p', { class: 'empty' }, words.empty)]
        if (!cards.length && !general.length) return show($('problems'), ...empty)
        show($('problems'), ...empty, element('h2', {}, 'What is wrong'), element('div', { class: 'cards' }, ...cards, ...general),
            others ? element('p', { class: 'others' }, `Also: ${shortened(others, LONGEST_LIST)}`) : undefined)
    }
    const drawPhases = () => {
        if (!report.views.length) return show($('phases'))
        const steps = words.phases.map(({ key, name, activity, class: of }) => {
            const here = report.ranked.filter(view => view.device.phase === key)
            if (!here.length && (key === 'unregistered' || key === 'domain_joined')) return undefined
            const numbers = words.outcomes.map(outcome => {
                const number = here.filter(view => view.device.outcome === outcome.key).length
                return number ? element('p', { class: `at ${outcome.class}` }, `${number} ${outcome.name}`) : undefined
            })
            const dots = here.slice(0, limits.marks).map(view => {
                const label = `${shortened(view.name)}: ${shortened(view.problem || view.status)}`
                return element('a', { class: outcomeOf(view.device.outcome).class, href: `#d${view.index}`, title: label, 'aria-label': label })
            })
            const more = here.length - limits.marks
            return element('li', { class: of }, element('p', { class: 'name' }, key === 'ready' ? name : activity), ...numbers,
                dots.length ? element('p', { class: 'dots' }, ...dots) : undefined,
                more > 0 ? element('p', { class: 'name' }, `and ${more} more`) : undefined)
        })
        show($('phases'), element('h2', {}, 'Where the devices are'), element('ol', { class: 'steps' }, ...steps))
    }

    // Timelines

    const place = time => {
        const { from, to } = report.scale
        return Math.min(100, Math.max(0, (milliseconds(time) - from) / Math.max(to - from, 1000) * 100))
    }
    const STEPS = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2 * 1440, 7 * 1440]
    const drawLegend = () => {
        const seen = new Set(report.views.flatMap(view => view.timeline.map(start => start.phase)))
        const legend = words.phases.filter(({ key }) => key !== 'ready' && seen.has(key)).map(({ name, class: of }) =>
            element('li', { class: of }, element('i'), name))
        const { from, to } = report.scale
        const minutes = Math.trunc((to - from) / 60_000)
        const step = Math.max(1, STEPS.find(step => Math.trunc(minutes / step) <= 8) ?? Math.trunc(minutes / 8)) * 60_000
        const marks = []
        for (let at = (Math.floor(from / step) + 1) * step; at <= to && marks.length < 9; at += step) {
            const time = new Date(at).toISOString()
            const day = new Date(at).toLocaleString('en', { month: 'short', day: 'numeric', timeZone: 'UTC' })
            const label = minutes > 1440 ? `${day} ${time.slice(11, 16)}` : time.slice(11, 16)
            marks.push(element('i', { style: `left:${place(time).toFixed(2)}%` }, label))
        }
        show($('legend'), element('ul', { class: 'legend' }, ...legend),
            element('div', { class: 'row head', 'aria-hidden': 'true' }, element('span', {}, 'Device'), element('span', {}, 'Phase'),
                element('span', { class: 'scale' }, ...marks), element('span', { class: 'took' }, 'Took'), element('span', {}, 'What is wrong')))
    }
    /// The end of the time that is drawn: when the device was ready or settled, or the last round.
    const endOf = ({ device }) =>
        device.outcome === 'ready' ? device.since : device.outcome === 'in_progress' ? report.ended : device.settled ?? report.ended
    const background = view => {
        const stops = ['90deg']
        let last = 0
        view.timeline.forEach((start, at) => {
            const from = place(start.at)
            const to = place(view.timeline[at + 1]?.at ?? endOf(view))
            const { class: of } = phaseOf(start.phase)
            if (start.phase === 'ready' || to <= from || !of) return
            stops.push(`#0000 ${last.toFixed(2)}% ${from.toFixed(2)}%`, `var(--${of}) ${from.toFixed(2)}% ${to.toFixed(2)}%`)
            last = to
        })
        return `linear-gradient(${stops.join(',')},#0000 ${last.toFixed(2)}%)`
    }
    const timesOf = view => {
        let day = ''
        return view.timeline.map(start => {
            const [date, time] = moment(start.at).split(' ')
            const shown = date === day ? time : moment(start.at)
            day = date
            return `${phaseOf(start.phase).name}${start.reported ? '' : ' (seen)'} ${shown}`
        }).join(', ')
    }

    // Rows

    const chosen = { query: [], outcome: '', phase: '', problem: '' }
    const opened = new Set()
    const drawn = new Map()
    let page = 0
    let size = ROWS
    const isShown = view =>
        (!chosen.outcome || outcomeOf(view.device.outcome).name === chosen.outcome) &&
        (!chosen.phase || phaseOf(view.device.phase).name === chosen.phase) &&
        (!chosen.problem || problemOf(view) === chosen.problem) &&
        chosen.query.every(word => view.text.includes(word))

    /// What the opened row of a device shows.
    const detailsOf = view => {
        const { device, findings, facts, timeline } = view
        const entries = [['registration', device.id]]
        timeline.forEach((start, at) => {
            const end = timeline[at + 1]?.at ?? (device.outcome === 'in_progress' ? undefined : endOf(view))
            const span = end && start.phase !== 'ready' ? `, ${spell(milliseconds(end) - milliseconds(start.at))}` : ''
            entries.push([phaseOf(start.phase).name, `${start.reported ? '' : 'seen from '}${moment(start.at)} UTC${span}`])
        })
        if (device.deadline) {
            const source = Object.hasOwn(words.sources, device.deadline_source) ? `, ${words.sources[device.deadline_source]}` : ''
            entries.push(['deadline', `${moment(device.deadline)} UTC${source}`])
        }
        for (const earlier of device.earlier ?? []) {
            const cause = earlier.cause ? `, ${headline(earlier.cause)}: ${earlier.cause.evidence}` : ''
            entries.push(['earlier enrollment', `${statusOf(earlier.phase, earlier.outcome)} until ${moment(earlier.until)} UTC${cause}`])
        }
        for (const [name, label] of words.facts) {
            const fact = facts[name]
            if (fact !== undefined && fact !== null) entries.push([label, fact === true ? 'yes' : fact === false ? 'no' : fact])
        }
        const { next, credential } = phaseOf(device.phase)
        const more = element('div', { class: 'more' })
        if (device.cut) {
            more.append(element('p', {}, 'The page has no details of this device, to stay small: the report as JSON has them.'))
        } else if (findings.length) {
            more.append(element('ul', {}, ...findings.map(finding => element('li', {},
                element('b', {}, severities.get(finding.severity)?.name ?? ''), ' ', element('code', {}, plain(finding.id)),
                `: ${plain(finding.evidence)}. To do: ${plain(finding.remedy)}.`))))
        } else {
            more.append(element('p', {}, `Next: ${next}.`))
        }
        if (credential && device.outcome !== 'failed') more.append(element('p', {}, `The next sign-in is to ${credential}.`))
        more.append(element('dl', {}, ...entries.map(([label, value]) =>
            element('div', {}, element('dt', {}, label), element('dd', {}, plain(value))))))
        return more
    }
    const makeRow = view => {
        const { device, facts, index } = view
        const computer = facts.computer_name && shortened(plain(facts.computer_name))
        const summary = element('summary', { class: 'row', id: `s${index}` },
            element('span', { class: 'who' }, element('b', { title: shortened(view.name, 4 * limits.longest) }, shortened(view.name)),
                computer ? element('span', {}, computer) : undefined),
            element('span', { class: 'pill' }, view.status),
            element('span', { class: 'line', role: 'img', 'aria-label': timesOf(view) || 'no phase yet', title: timesOf(view) }),
            element('span', { class: 'took' }, view.took), element('span', { class: 'wrong' }, shortened(view.problem)))
        const row = element('details', { class: outcomeOf(device.outcome).class, id: `d${index}` }, summary)
        row.addEventListener('toggle', () => {
            if (row.open) opened.add(index)
            else opened.delete(index)
            if (row.open && row.childElementCount === 1) row.append(detailsOf(view))
        })
        if (opened.has(index)) {
            row.append(detailsOf(view))
            row.open = true
        }
        return row
    }
    /// The row of a device: the one that is drawn already if nothing of the device has changed.
    const rowOf = view => {
        const state = JSON.stringify(view.device)
        const known = drawn.get(view.index)
        const row = known?.state === state ? known.row : makeRow(view)
        drawn.set(view.index, { state, row })
        row.querySelector('.line').style.background = background(view)
        return row
    }
    const drawRows = () => {
        const found = report.ranked.filter(isShown)
        page = Math.max(0, Math.min(page, Math.ceil(found.length / size) - 1))
        const views = found.slice(page * size, (page + 1) * size)
        const focused = $('rows').contains(document.activeElement) ? document.activeElement.id : ''
        const rows = views.map(rowOf)
        rows.forEach((row, at) => {
            if ($('rows').children[at] !== row) $('rows').insertBefore(row, $('rows').children[at] ?? null)
        })
        while ($('rows').children.length > rows.length) $('rows').lastElementChild.remove()
        for (const index of drawn.keys()) if (!views.some(view => view.index === index)) drawn.delete(index)
        if (focused && document.activeElement?.id !== focused) $(focused)?.focus({ preventScroll: true })

        const of = found.length === report.views.length ? count(found.length, 'device') : `${found.length} of ${count(report.views.length, 'device')}`
        const range = views.length ? `Rows ${page * size + 1} to ${page * size + views.length} of ${of}` : 'No device matches'
        if ($('shown').textContent !== range) $('shown').textContent = range
        // A disabled button would lose the focus.
        $('previous').setAttribute('aria-disabled', String(page === 0))
        $('next').setAttribute('aria-disabled', String((page + 1) * size >= found.length))
        $('pages').hidden = false
        const problem = chosen.problem && report.problems.find(({ key }) => key === chosen.problem)
        $('clear').textContent = problem ? `Clear filters (${shortened(headline(problem.finding))})` : 'Clear filters'
        $('clear').hidden = !(chosen.query.length || chosen.outcome || chosen.phase || chosen.problem)
    }
    const choose = () => {
        chosen.query = plain($('query').value).toLowerCase().split(/\s+/).filter(Boolean)
        chosen.outcome = $('outcome').value
        chosen.phase = $('phase').value
        page = 0
        drawRows()
    }
    const clear = () => {
        for (const id of ['query', 'outcome', 'phase']) $(id).value = ''
        chosen.problem = ''
        choose()
    }
    const turn = by => {
        if ($(by < 0 ? 'previous' : 'next').getAttribute('aria-disabled') === 'true') return
        page += by
        drawRows()
    }
    /// Opens the row of a device, on whichever page it is.
    const goTo = hash => {
        const index = Number(/^#d(\d+)$/.exec(hash)?.[1] ?? NaN)
        const view = report.views[index]
        if (!view) return false
        if (!isShown(view)) clear()
        page = Math.floor(report.ranked.filter(isShown).indexOf(view) / size)
        drawRows()
        const row = $(`d${index}`)
        row.open = true
        row.scrollIntoView({ block: 'center' })
        row.firstElementChild.focus({ preventScroll: true })
        return true
    }
    const draw = () => {
        drawTotals()
        drawProblems()
        drawPhases()
        $('devices').hidden = !report.views.length
        if (!report.views.length) return
        drawLegend()
        drawRows()
    }

    // The served page

    let text = ''
    let isLive = false
    /// Fetches the report until there is none beside the page.
    const follow = async () => {
        try {
            const answer = document.hidden ? undefined : await fetch('report.json', { cache: 'no-cache' })
            if (answer?.status === 404 && !isLive) return
            if (answer && !answer.ok) throw new Error(`the answer is ${answer.status}`)
            const fresh = answer ? await answer.text() : text
            if (fresh !== text) {
                report = read(JSON.parse(fresh))
                text = fresh
                draw()
            }
            isLive ||= Boolean(answer)
            $('note').textContent = ''
        } catch (error) {
            $('note').textContent =
                `The page shows the state of ${moment(report.ended)} UTC: report.json cannot be read (${plain(error.message)}).`
        }
        setTimeout(follow, INTERVAL)
    }

    report = read({ ...unpack(head), devices: devices.map(unpack) })
    for (const id of ['outcome', 'phase']) $(id).addEventListener('change', choose)
    $('query').addEventListener('input', choose)
    $('clear').addEventListener('click', () => {
        clear()
        $('query').focus()
    })
    $('previous').addEventListener('click', () => turn(-1))
    $('next').addEventListener('click', () => turn(1))
    document.addEventListener('click', event => {
        const link = event.target.closest?.('a[href^="#d"]')
        if (link && goTo(link.getAttribute('href'))) event.preventDefault()
        const button = event.target.closest?.('button[data-problem]')
        if (!button) return
        clear()
        chosen.problem = button.dataset.problem
        drawRows()
        $('devices').focus()
    })
    addEventListener('hashchange', () => goTo(location.hash))
    const resize = rows => {
        page = Math.floor(page * size / rows)
        size = rows
        if (report.views.length) drawRows()
    }
    addEventListener('beforeprint', () => resize(PRINTED))
    addEventListener('afterprint', () => resize(ROWS))
    $('controls').hidden = false
    draw()
    goTo(location.hash)
    if (/^http/.test(location.protocol)) setTimeout(follow, INTERVAL)
}
