"""A scheme compiled: which sums and products run in which order, in which memory.

A schedule is a list of two kinds of instructions:

    Pass      reads some blocks of one side once, adds and subtracts them, writes others once;
    Product   one block of C's shape from one of A's shape and one of B's.

Operands are summed right before the product that needs them, products as soon as that frees memory. A block is one of
an operand, ("A", i) or ("B", i); one of the result, ("C", i), which holds other values until it gets its own; or a
temporary, ("T", i). Two values share a block if the first is last read before the second is made, or by the pass that
makes it: a pass reads each place before it writes it.

Of Winograd's scheme this makes two temporaries and the schedule of Boyer, Dumas, Pernet, Zhou, ISSAC (2009), Table 1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product

import numpy as np

from fastmul.matrices.schemes.scheme import Scheme
from fastmul.matrices.schemes.straight_line import Program, Sum, accumulation, program, with_factors

#: A side ("A", "B", "C") and a number, or "T" and the number of a temporary.
Block = tuple[str, int]
#: A value of a side's program, and its number there: ("A", 0) is the first block of A, ("C", 0) the first product.
Value = tuple[str, int]
#: Operations of kernels/cpu/block_sums.py.
ADD, SUBTRACT, SCALE = 0, 1, 2
#: First and last place in the order of instructions.
Interval = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """register[to] = register[x] + factor * register[y], factor = 1 or -1; without y, factor * register[x]."""

    to: int
    x: int
    y: int | None
    factor: Fraction


@dataclass(frozen=True)
class Pass:
    """Sums of blocks of one side; the first registers are the blocks read."""

    side: str
    reads: tuple[Block, ...]
    steps: tuple[Step, ...]
    writes: tuple[tuple[int, Block], ...]  # (register, where it goes)

    @cached_property
    def direct(self) -> dict[int, int]:
        """Steps that write straight to a block, and to which of `writes`: what they make is not read again in this
        pass, nor the block by a later step."""
        found = {}
        for t, (register, block) in enumerate(self.writes):
            last = max(i for i, step in enumerate(self.steps) if step.to == register)
            later = {x for step in self.steps[last + 1 :] for x in (step.x, step.y)}
            read = self.reads.index(block) if block in self.reads else None
            if register not in later and (read is None or read not in later):
                found[last] = t
        return found

    @cached_property
    def registers(self) -> int:
        """Registers besides those of the blocks read, if some step needs one."""
        used = [step.to for i, step in enumerate(self.steps) if i not in self.direct]
        return max(used, default=len(self.reads) - 1) + 1 - len(self.reads)

    @cached_property
    def encoded(self) -> np.ndarray:
        """The steps as kernels/cpu/block_sums.py takes them: (operation, to, x, y)."""
        operations = {1: ADD, -1: SUBTRACT}
        rows = []
        for i, step in enumerate(self.steps):
            to = ~self.direct[i] if i in self.direct else step.to - len(self.reads)
            if step.y is None:
                rows.append((SCALE, to, step.x, step.x))
            else:
                rows.append((operations[int(step.factor)], to, step.x, step.y))
        return np.array(rows, np.int64)


@dataclass(frozen=True)
class Product:
    """c = a b."""

    a: Block
    b: Block
    c: Block


@dataclass(frozen=True)
class Schedule:
    """The instructions of one level; of each temporary, the sides whose blocks it holds, such as "AC"."""

    shape: tuple[int, int, int]
    instructions: tuple[Pass | Product, ...]
    temporaries: tuple[str, ...]
    additions: int

    @property
    def traffic(self) -> int:
        """Blocks that passes read and write."""
        return sum(len(p.reads) + len(p.writes) for p in self.instructions if isinstance(p, Pass))


@lru_cache(maxsize=64)
def schedule(scheme: Scheme) -> Schedule:
    """The schedule of a scheme, whose products run in the order in which they are listed.

    Of the ways to compile it (operands share sums or not; results share sums, formed early or late, or products are
    added to all results at once), the one that takes the fewest temporaries, and among those reads and writes least.
    """
    ways = product((True, False), ("early", "late", "at once"))
    return min(
        (_compile(scheme, *way) for way in ways), key=lambda s: (len(s.temporaries), s.traffic)
    )


def _compile(scheme: Scheme, share: bool, way: str) -> Schedule:
    programs = _programs(scheme, share, way)
    order = _order(scheme.rank, programs, way)
    lives = _lifetimes(order, programs)
    homes, temporaries = _homes(order, programs, lives)
    instructions: list[Pass | Product] = []
    for entry in order:
        if isinstance(entry, int):
            a, b = (homes[side, programs[side].results[entry]] for side in "AB")
            instructions.append(Product(a, b, homes["C", entry]))
        else:
            instructions.append(_pass(entry, programs, homes, {v for v in entry if v in homes}))
    additions = sum(p.additions for p in programs.values())
    return Schedule(scheme.shape, tuple(instructions), temporaries, additions)


def _programs(scheme: Scheme, share: bool, way: str) -> dict[str, Program]:
    """The linear forms of each side. Factors of the operands' forms move to the sums of the products."""
    a, b = (program(side, [0] * len(side[0]), share) for side in (scheme.u, scheme.v))
    factors = [x * y for x, y in zip(a.factors, b.factors, strict=True)]
    w = [
        [c * factor for c, factor in zip(column, factors, strict=True)]
        for column in zip(*scheme.w, strict=True)
    ]
    if way == "at once":
        return {"A": a, "B": b, "C": accumulation(w)}
    return {"A": a, "B": b, "C": with_factors(program(w, range(scheme.rank)))}


# ---------------------------------------------------------------- order

#: Values made by one pass, or the number of a product.
Entry = list[Value] | int


def _order(rank: int, programs: dict[str, Program], way: str) -> list[Entry]:
    """Before each product its operands; after it, of what is complete, results, sums that several results share and
    that free what they read, if the `way` is "early" every sum that does so, and every sum if "at once"."""
    order: list[Entry] = []
    done: set[Value] = {(s, i) for s in "AB" for i in range(programs[s].inputs)}
    waiting = list(programs["C"].sums)
    readers = Counter(x for s in waiting for x in _read_by(s))
    results = set(programs["C"].results)

    def worth_making(s: Sum) -> bool:
        if any(("C", x) not in done for x in _read_by(s)):
            return False
        frees = any(readers[x] == 1 and x not in results for x in _read_by(s))
        frees = frees and (way == "early" or readers[s.value] > 1)
        return frees or s.value in results or all_known or way == "at once"

    def make(values: list[Value]) -> None:
        if values:
            order.append(values)
            done.update(values)

    all_known = False
    for t in range(rank):
        for side in "AB":
            make(_missing(side, programs[side], programs[side].results[t], done))
        order.append(t)
        done.add(("C", t))
        all_known = t == rank - 1
        summed: list[Value] = []
        while due := next((s for s in waiting if worth_making(s)), None):
            waiting.remove(due)
            readers.subtract(_read_by(due))
            done.add(("C", due.value))
            summed.append(("C", due.value))
        make(summed)
    return order


def _read_by(s: Sum) -> tuple[int, ...]:
    return (s.x,) if s.y is None else (s.x, s.y)


def _missing(side: str, made: Program, value: int, done: set[Value]) -> list[Value]:
    """What must be made to have the value, in order."""
    if (side, value) in done:
        return []
    needed: list[Value] = []
    for x in _read_by(made.sums[value - made.inputs]):
        needed += _missing(side, made, x, done | set(needed))
    return [*needed, (side, value)]


# ---------------------------------------------------------------- memory


def _lifetimes(order: list[Entry], programs: dict[str, Program]) -> dict[Value, Interval]:
    """When each value that leaves its pass is made and last read; results live for ever."""
    made: dict[Value, int] = {}
    read: dict[Value, int] = {}
    for place, entry in enumerate(order):
        if isinstance(entry, int):
            read.update({(s, programs[s].results[entry]): place for s in "AB"})
            made["C", entry] = place
            continue
        for side, number in entry:
            made[side, number] = place
            for x in _read_by(programs[side].sums[number - programs[side].inputs]):
                read[side, x] = place
    read.update({("C", result): len(order) for result in programs["C"].results})
    return {v: (made[v], read[v]) for v in made if read[v] > made[v]}


def _homes(
    order: list[Entry], programs: dict[str, Program], lives: dict[Value, Interval]
) -> tuple[dict[Value, Block], tuple[str, ...]]:
    """Where each value lives: operands and results in their own blocks, the rest where there is room."""
    homes: dict[Value, Block] = {(s, i): (s, i) for s in "AB" for i in range(programs[s].inputs)}
    results = {("C", result): ("C", i) for i, result in enumerate(programs["C"].results)}
    taken: dict[Block, list[Interval]] = {block: [] for block in results.values()}
    sides: list[set[str]] = []

    def settle(value: Value, block: Block) -> None:
        homes[value] = block
        taken[block].append(lives[value])
        if block[0] == "T":
            sides[block[1]].add(value[0])

    def free(block: Block, value: Value) -> bool:
        return not any(_overlap(lives[value], other, order) for other in taken[block])

    def room(value: Value, blocks: list[Block]) -> Block:
        for block in blocks:
            if block in taken and free(block, value):
                return block
        sides.append(set())
        taken["T", len(sides) - 1] = []
        return "T", len(sides) - 1

    for value, block in results.items():
        settle(value, block)
    # products and their sums from the last to the first, each preferably where its reader puts what it makes of it
    for value in sorted(lives, key=lambda v: -lives[v][0]):
        if value[0] == "C" and value not in homes:
            heirs = [homes[v] for v in _made_at(order, lives[value][1]) if v in homes]
            settle(value, room(value, [*heirs, *results.values(), *_temporaries(sides)]))
    # operands from the first to the last, preferably in the place of what they are made of
    for value in sorted(lives, key=lambda v: lives[v][0]):
        if value[0] != "C":
            same = [b for b in _temporaries(sides) if sides[b[1]] == {value[0]}]
            settle(value, room(value, [*same, *_temporaries(sides)]))
    return homes, tuple("".join(sorted(held)) for held in sides)


def _temporaries(sides: list[set[str]]) -> list[Block]:
    return [("T", i) for i in range(len(sides))]


def _made_at(order: list[Entry], place: int) -> list[Value]:
    entry = order[place]
    return [] if isinstance(entry, int) else entry


def _overlap(x: Interval, y: Interval, order: list[Entry]) -> bool:
    """Whether two lives collide; one may begin in the pass in which the other ends."""
    first, second = sorted((x, y))
    if first[1] == second[0] and first[0] < first[1]:
        return isinstance(order[first[1]], int)
    return first[1] >= second[0]


def _pass(
    values: list[Value], programs: dict[str, Program], homes: dict[Value, Block], kept: set[Value]
) -> Pass:
    """The pass that makes these values and writes those that are kept."""
    side = values[0][0]
    made = programs[side]
    sums = [made.sums[number - made.inputs] for _, number in values]
    inside = {s.value for s in sums}
    reads = list(dict.fromkeys(x for s in sums for x in _read_by(s) if x not in inside))
    register = {x: i for i, x in enumerate(reads)}
    uses = Counter(x for s in sums for x in _read_by(s) if x in inside)
    uses.update(number for _, number in kept)
    idle: list[int] = []
    steps: list[Step] = []
    count = len(reads)

    def fresh() -> int:
        nonlocal count
        if idle:
            return idle.pop()
        count += 1
        return count - 1

    for s in sums:
        y = None if s.y is None else register[s.y]
        scaled = None
        if y is not None and abs(s.factor) != 1:
            scaled = fresh()
            steps.append(Step(scaled, y, None, s.factor))
        to = fresh()
        if scaled is None:
            steps.append(Step(to, register[s.x], y, s.factor))
        else:
            steps.append(Step(to, register[s.x], scaled, Fraction(1)))
            idle.append(scaled)
        register[s.value] = to
        for x in _read_by(s):
            uses[x] -= 1
            if x in inside and uses[x] == 0:
                idle.append(register[x])
    writes = tuple(
        (register[number], homes[side, number]) for _, number in values if (side, number) in kept
    )
    return Pass(side, tuple(homes[side, x] for x in reads), tuple(steps), writes)


@lru_cache(maxsize=1)
def add_blocks() -> Pass:
    """The pass that adds two blocks of C's shape."""
    return Pass("C", (("C", 0), ("T", 0)), (Step(2, 0, 1, Fraction(1)),), ((2, ("C", 0)),))


@lru_cache(maxsize=64)
def linear_map(rows: tuple[tuple[Fraction, ...], ...]) -> Pass | None:
    """The pass that replaces blocks C_i by sum over j of rows[i][j] C_j; None if that changes nothing."""
    made = with_factors(program(rows, [0] * len(rows)))
    sums, homes = list(made.sums), {("C", i): ("C", i) for i in range(made.inputs)}
    for place, result in enumerate(made.results):
        if result < made.inputs and result != place:  # moved as it is
            sums.append(Sum(made.inputs + len(sums), result, None, Fraction(1)))
            result = sums[-1].value
        if result >= made.inputs:
            homes["C", result] = ("C", place)
    if not sums:
        return None
    values = [("C", s.value) for s in sums]
    moved = Program(made.inputs, tuple(sums), made.results, made.factors)
    return _pass(values, {"C": moved}, homes, {v for v in values if v in homes})
