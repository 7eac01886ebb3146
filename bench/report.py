#!/usr/bin/env python3
"""report.py RESULT.json [PAGE.md]

Prints the table of a result that bench/run has kept, or puts it into a page
between its two comments.
"""

import contextlib
import io
import json
import random
import re
import statistics
import sys


def part(values, p):
    return values[min(len(values) - 1, int(p * len(values)))] if values else 0


def interval(values):
    """95 % interval of the median, by bootstrap; the same for the same
    values."""
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(values, k=len(values)))
                     for _ in range(2000))
    return medians[50], medians[1949]


class Rows:
    def __init__(self, rows):
        self.rows = rows

    def of(self, scenario, server, figure):
        """The figure of each round that has it."""
        found = {}
        for row in self.rows:
            if row['scenario'] == scenario and row['server'] == server:
                try:
                    found[row['round']] = figure(row)
                except (KeyError, ZeroDivisionError):
                    pass
        return found

    def ratio(self, scenario, one, other, figure, turned=False):
        ours = self.of(scenario, one, figure)
        theirs = self.of(scenario, other, figure)
        both = [(ours[i], theirs[i]) for i in ours if theirs.get(i)]
        if turned:
            both = [(b, a) for a, b in both]
        return ([a / b for a, b in both], statistics.median(ours.values()),
                statistics.median(theirs.values())) if both else None

    def noise(self):
        others = [row['others'] for row in self.rows if 'others' in row]
        return statistics.median(others) if others else 0


def us(row):
    return row['cpu'] / 1e3 / row['tokens']


def time_of(kind, p):
    return lambda row: row[kind][p] if row[kind]['n'] else row['absent']


def print_table(lines):
    width = [max(len(cell) for cell in column) for column in zip(*lines)]
    for i, line in enumerate(lines):
        print('| ' + ' | '.join(
            cell.ljust(width[k]) for k, cell in enumerate(line)) + ' |')
        if i == 0:
            print('|' + '|'.join('-' * (n + 2) for n in width) + '|')


class Table:
    def __init__(self):
        self.lines = []
        self.ratios = []
        self.missed = 0

    def add(self, what, found, unit, bound=None, least=False, against=None):
        if not found:
            return
        ratios, ours, theirs = found
        middle = statistics.median(ratios)
        low, high = interval(ratios)
        self.ratios.append((what, middle, low, high, bound))
        said = ''
        if bound is not None:
            met = high >= bound if least else low <= bound
            self.missed += not met
            said = 'met' if met else '**not met**'
        self.lines.append((
            what, f'{ours:.{2 if ours < 100 else 0}f}',
            f'{theirs:.{2 if theirs < 100 else 0}f} {unit}',
            f'{middle:.2f} [{low:.2f}, {high:.2f}]',
            f"{'>=' if least else '<='} {bound}" if bound is not None else '',
            said))

    def one(self, what, value, unit, bound):
        met = bound is None or value <= bound
        self.missed += not met
        self.lines.append((what, f'{value:.2f}', unit, '',
                           '' if bound is None else f'<= {bound}',
                           '' if bound is None else
                           'met' if met else '**not met**'))

    def print(self):
        head = ('what', 'module', 'against', 'ratio [95 %]', 'bound', '')
        if self.lines:
            print_table([head, *self.lines])


NAMES = {
    'gap0-1': 'no gap, 1 stream', 'gap0-16': 'no gap, 16 streams',
    'gap0-256': 'no gap, 256 streams', 'gap0-1000': 'no gap, 1,000 streams',
    '20ms-100': '20 ms, 100 streams', '20ms-1000': '20 ms, 1,000 streams',
}


# paces of an agent: title, connections, what it does

PACES = {
    **{f'pace-{n}': (f'{n:,} at once', 1,
                     {'tokens': n, 'runs': 40 if n < 1000 else 10})
       for n in (5, 20, 200, 2000)},
    'pace-10-30ms': ('10 each 30 ms', 8, {
        'tokens': 100, 'burst': 10, 'gap': 30000, 'runs': 2}),
    'pace-5-15ms': ('5 each 15 ms', 8, {
        'tokens': 100, 'burst': 5, 'gap': 15000, 'runs': 2}),
    **{f'pace-{rate}-{n}': (f'{rate:,} a second, ' + (
        f'by {n}' if n > 1 else 'one by one'), 8, {
            'tokens': max(2 * n, rate * 2 // 5 // n * n), 'burst': n,
            'gap': 1000000 * n // rate, 'runs': 2})
       for rate in (100, 200, 500, 1000, 2000) for n in (1, 2, 5, 10, 20)},
}

LATER = 2          # ms that an end may be
PAUSE = 1.3, 20    # times the floor's, or ms more


def peers(t, rows):
    for scenario, name in NAMES.items():
        bound = None if scenario == 'gap0-1000' else \
            1.0 if scenario.startswith('gap0') else 1.1
        t.add(f'CPU a token, {name}: floor',
              rows.ratio(scenario, 'module', 'floor', us), 'us', bound)
    for peer, title, bound in (('lean', 'Node, ws + undici', 1.5),
                               ('fastify', 'Fastify + openai', 10)):
        for scenario, name in NAMES.items():
            t.add(f'tokens a CPU second, {name}: {title}',
                  rows.ratio(scenario, 'module', peer, us, turned=True),
                  'us', bound, least=True)


def times(t, rows):
    def added(scenario, p):
        direct = rows.of(scenario, 'direct', lambda row: row['first']['p50'])
        return lambda row: row['first'][p] - direct[row['round']]

    for p in ('p50', 'p99'):
        t.add(f'added to the first token, {p}: floor',
              rows.ratio('first', 'module', 'floor', added('first', p)), 'us', 1.2)
    for scenario, title in (('stored', ''),
                            ('stored-20', ', beside 20 streams')):
        for p in ('p50', 'p99'):
            found = rows.of(scenario, 'stored', added(scenario, p)).values()
            if found:
                t.one(f'added to the first token with PostgreSQL'
                      f'{title}, {p}', statistics.median(found) / 1e3, 'ms',
                      2 if p == 'p99' else None)
    for p in ('p50', 'p99'):
        t.add(f"cancel to the agent's close, {p}: floor",
              rows.ratio('cancel', 'module', 'floor', time_of('close', p)),
              'us', 1.0)
    for p in ('p50', 'p99'):
        t.add(f'delay a token, 20 ms, 1,000 streams, {p}: floor',
              rows.ratio('20ms-1000', 'module', 'floor', time_of('delay', p)),
              'us', 1.5)
    t.add('delay a token, 9,500 streams at 1 a second, p99: floor',
          rows.ratio('1s-9500', 'module', 'floor', time_of('delay', 'p99')),
          'us', 1.5)
    t.add('CPU a token, 9,500 streams at 1 a second: floor',
          rows.ratio('1s-9500', 'module', 'floor', us), 'us')


def limits(t, rows):
    t.add('overload, delay a token, p99: floor',
          rows.ratio('overload', 'module', 'floor', time_of('delay', 'p99')),
          'us')
    spread = rows.of('overload', 'module',
                     lambda r: (r['streams']['max'], r['streams']['p50']))
    if spread:
        t.add('overload, the latest stream: the middle one',
              ([a / b for a, b in spread.values()],
               statistics.median(a for a, b in spread.values()),
               statistics.median(b for a, b in spread.values())), 'us')
    t.add('CPU a run of one token: floor',
          rows.ratio('run', 'module', 'floor', us), 'us', 1.1)
    t.add('CPU a run of one token, a second each on 9,500 connections: floor',
          rows.ratio('talk', 'module', 'floor', us), 'us')
    for peer, title in (('lean', 'Node, ws + undici'),
                        ('fastify', 'Fastify + openai')):
        t.add(f'runs of one token a CPU second: {title}',
              rows.ratio('run', 'module', peer, us, turned=True), 'us')
    for name, title in (('module', 'off'), ('default', 'connection')):
        found = rows.of('long', name, lambda r: (r['each'], r['early']))
        if found:
            t.add(f'CPU a run, 10,000 runs on a connection, store {title}: '
                  'its first 100', ([a / b for a, b in found.values()],
                  statistics.median(a for a, b in found.values()) / 1e3,
                  statistics.median(b for a, b in found.values()) / 1e3),
                  'us', 1.1 if name == 'module' else None)
            grown = rows.of('long', name, lambda r: r['grown'])
            t.one(f'memory grown over these, store {title}',
                  max(grown.values()) / 1024, 'KB', 1024)
    for many, few, title in (
            ('gap0-1000', 'gap0-16', 'no gap, 1,000 streams: 16 streams'),
            ('20ms-1000', '20ms-100', '20 ms, 1,000 streams: 100 streams')):
        many, few = (rows.of(name, 'module', us) for name in (many, few))
        both = [i for i in many if i in few]
        if both:
            t.add(f'tokens a CPU second, {title}',
                  ([few[i] / many[i] for i in both],
                   statistics.median(many.values()),
                   statistics.median(few.values())), 'us', 0.8, least=True)
    for name, title, bound in (('standard', "nginx's defaults", 6),
                               ('small', 'small buffers', 4),
                               ('all', 'small buffers, everything on', 3.7)):
        for value in rows.of('idle', name, lambda r: r['bytes']).values():
            t.one(f'an idle connection of 19,000, {title}', value / 1024, 'KB',
                  bound)
        for value in rows.of('idle', name, lambda r: r['us']).values():
            t.one(f'an idle connection of 19,000, {title}, CPU a second',
                  value, 'us', 2.2)
    for name, title in (('module', 'module'), ('floor', 'floor')):
        found = rows.of('1s-9500', name, lambda r: r['anon'])
        if found:
            t.one(f'a streaming connection of 9,500, {title}',
                  statistics.median(found.values()) / 1024, 'KB', None)
    t.add('CPU a token, no gap, 16 streams, store connection: store off',
          rows.ratio('gap0-16', 'default', 'module', us), 'us')
    t.add('CPU a token, no gap, 16 streams, all of it observed: nothing',
          rows.ratio('observed', 'observed', 'module', us), 'us', 1.05)


def threads(t, rows):
    """Runs that belong to their thread, and all that an agent says."""
    for scenario in ('gap0-16', '20ms-100'):
        t.add(f'CPU a token, {NAMES[scenario]}, thread_ws_resume on: off',
              rows.ratio(scenario, 'resumed', 'module', us), 'us', 1.05)
    t.add('to the first token, p50, thread_ws_resume on: off',
          rows.ratio('first', 'resumed', 'module', time_of('first', 'p50')),
          'us', 1.1)
    own = rows.of('20ms-100', 'module', us)
    for n, bound in ((1, None), (10, None), (100, 0.7)):
        each = rows.of(f'fan-{n}', 'resumed', us)
        both = [i for i in each if i in own]
        if both:
            t.add(f'CPU a token and follower, {n} of one run, 20 ms: '
                  'a stream of its own, 100 streams',
                  ([each[i] / own[i] for i in both],
                   statistics.median(each.values()),
                   statistics.median(own.values())), 'us', bound)
    for n in (100, 2000):
        for p in ('p50', 'p99'):
            found = rows.of(f'back-{n}', 'resumed',
                            lambda row, p=p: row['back'][p] / 1e3).values()
            if found:
                t.one(f'follow to what was heard before, {n:,} tokens, {p}',
                      statistics.median(found), 'ms',
                      2 if p == 'p99' else None)
    for scenario in ('gap0-16', '20ms-100'):
        t.add(f'CPU a token, {NAMES[scenario]}, thread_ws_events all: text',
              rows.ratio(scenario, 'telling', 'module', us), 'us', 1.1)


def reloads(t, rows):
    for server, title in (('module', 'off'), ('resumed', 'on')):
        found = rows.of('reload', server, lambda r: r['wrong'] + r['lost'])
        if found:
            t.one('answers lost in a reload, 100 streams, '
                  f'thread_ws_resume {title}', max(found.values()), '', 0)
        t.add(f'the longest pause in it, thread_ws_resume {title}: floor',
              rows.ratio('reload', server, 'floor',
                         lambda r: r['pause']['max'] / 1e3), 'ms')


def languages(t, rows):
    """The same answers in other clients' languages."""
    for scenario in ('gap0-16', '20ms-100', '20ms-1000'):
        t.add(f'CPU a token, {NAMES[scenario]}, by HTTP: floor',
              rows.ratio(scenario, 'twin', 'floor', us), 'us', 1.0)
    for scenario in ('gap0-16', '20ms-100'):
        t.add(f"CPU a token, {NAMES[scenario]}, the AI SDK's frames: ours",
              rows.ratio(scenario, 'ai-sdk', 'module', us), 'us')
    for scenario in ('gap0-16', '20ms-100'):
        t.add(f'tokens a CPU second, {NAMES[scenario]}, its frames: '
              "the SDK's own server",
              rows.ratio(scenario, 'ai-sdk', 'ai', us, turned=True), 'us')


def sockets(t, rows):
    """TLS, compression, several workers, and what the kernel keeps."""
    for scenario in ('gap0-16', '20ms-100'):
        t.add(f'CPU a token, {NAMES[scenario]}, TLS: floor with TLS',
              rows.ratio(f'{scenario}-tls', 'module-tls', 'floor-tls', us),
              'us')
    for scenario in ('gap0-16', '20ms-100'):
        t.add(f'CPU a token, {NAMES[scenario]}, thread_ws_deflate: off',
              rows.ratio(f'{scenario}-deflate', 'deflated', 'module', us),
              'us')
    for n, title in ((2, 'two'), (4, 'four')):
        for scenario in ('gap0-256', '20ms-1000'):
            t.add(f'CPU a token, {NAMES[scenario]}, {title} workers: '
                  'floor with as many',
                  rows.ratio(f'{scenario}-{n}', f'module-{n}', f'floor-{n}',
                             us), 'us')
    for other, title in (('module', 'a WebSocket'), ('floor', 'floor')):
        t.add(f'private memory of a stalled reader by HTTP: {title}',
              rows.ratio('stalled', 'twin', other,
                         lambda r: r['bytes'] / 1024), 'KB',
              1.1 if other == 'module' else None)
    for scenario, name, title in (
            ('idle', 'standard', 'an idle connection of 19,000'),
            ('1s-9500', 'module', 'a streaming connection of 9,500, module'),
            ('1s-9500', 'floor', 'a streaming connection of 9,500, floor')):
        found = rows.of(scenario, name, lambda r: r['kernel'])
        if found:
            t.one(f'{title}, kernel memory of all its ends',
                  statistics.median(found.values()) / 1024, 'KB', None)
def clients(t, rows):
    """What an answer costs who hears it."""
    for one, title, other, bare in (
            ('node', "the package's connection in Node", 'bare', 'a socket'),
            ('page', 'the demo page in Chromium', 'bare-page',
             'a page that adds text')):
        t.add(f'CPU a token, 20 ms, {title}: {bare}',
              rows.ratio('client', one, other, lambda r: r['us']), 'us')


def paces(rows):
    """How much later than the floor's answers ours end, and how long they
    stop; the number of bounds that are not met."""
    missed = 0
    lines = []
    for name, (title, _, _) in PACES.items():
        end, pause = (rows.ratio(name, 'module', 'floor',
                                 lambda row, k=kind: row[k]['p50'] / 1e3)
                      for kind in ('whole', 'pause'))
        if not end:
            continue
        ends = [rows.of(name, server, lambda row: row['whole']['p50'] / 1e3)
                for server in ('module', 'floor')]
        later = [one - ends[1][i] for i, one in ends[0].items()
                 if i in ends[1]]
        low, high = interval(later)
        met = low <= LATER and (
            pause[1] <= max(PAUSE[0] * pause[2], PAUSE[1] + pause[2]))
        missed += not met
        lines.append((
            title, f'{end[2]:.2f}',
            f'{statistics.median(later):+.2f} [{low:+.2f}, {high:+.2f}]',
            f'{pause[2]:.2f}', f'{pause[1]:.2f}',
            'met' if met else '**not met**'))
    if lines:
        print('\nThe end of an answer and its longest pause, ms (p50):\n')
        print_table([('deltas', 'floor ends after', 'module later by [95 %]',
                      'longest pause, floor', 'module', ''), *lines])
    return missed


def changes(rows):
    """This build of the module against another one."""
    t = Table()

    def add(what, scenario, figure, bound=1.02):
        t.add(f'{what}: before',
              rows.ratio(scenario, 'module', 'before', figure), 'us', bound)

    for scenario, name in NAMES.items():
        add(f'CPU a token, {name}', scenario, us)
    for p in ('p50', 'p99'):
        add(f'to the first token, {p}', 'first', lambda r, p=p: r['first'][p])
    for p in ('p50', 'p99'):
        add(f"cancel to the agent's close, {p}", 'cancel', time_of('close', p))
    for p in ('p50', 'p99'):
        add(f'delay a token, 20 ms, 1,000 streams, {p}', '20ms-1000',
            time_of('delay', p))
    add('delay a token, 9,500 streams at 1 a second, p99', '1s-9500',
        time_of('delay', 'p99'))
    add('CPU a token, 9,500 streams at 1 a second', '1s-9500', us)
    add('CPU a run of one token', 'run', us)
    add('CPU a run, 10,000 runs on a connection', 'long',
        lambda r: r['each'] / 1e3)
    for name, title in (('standard', "nginx's defaults"),
                        ('small', 'small buffers')):
        t.add(f'an idle connection of 19,000, {title}: before',
              rows.ratio('idle', name, f'{name}-before',
                         lambda r: r['bytes'] / 1024), 'KB')
    if t.lines:
        print()
        t.print()


def table(rows):
    wrong = sum(row.get('wrong', 0) + row.get('lost', 0) for row in rows)
    unclosed = sum(row.get('unclosed', 0) for row in rows)
    rows = Rows(rows)
    t = Table()
    peers(t, rows)
    times(t, rows)
    limits(t, rows)
    threads(t, rows)
    reloads(t, rows)
    languages(t, rows)
    sockets(t, rows)
    clients(t, rows)
    t.print()
    t.missed += paces(rows)
    changes(rows)
    tokens = sum(row.get('tokens', row.get('heard', 0)) for row in rows.rows)
    print(f'\n{tokens} tokens checked, {wrong} wrong or lost answers, '
          f'{unclosed} cancels that the agent did not see. '
          f'Others used {rows.noise():.2f} cores meanwhile (median).')
    if t.missed:
        print(f'{t.missed} bounds not met.')
    return 1 if wrong else 0


def main():
    with open(sys.argv[1]) as f:
        rows = json.load(f)['rows']
    if len(sys.argv) < 3:
        return table(rows)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        failed = table(rows)
    with open(sys.argv[2]) as f:
        page = f.read()
    page, found = re.subn(
        r'(<!-- table -->\n).*?(<!-- end of table -->\n)',
        lambda m: m[1] + out.getvalue() + m[2], page, flags=re.S)
    if not found:
        sys.exit(f'{sys.argv[2]} has no place for the table')
    with open(sys.argv[2], 'w') as f:
        f.write(page)
    return failed


if __name__ == '__main__':
    sys.exit(main())
