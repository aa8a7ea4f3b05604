"""Loss scaling: the states of torch's GradScaler, step for step, and exact unscaling."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.nn import LossScaler

BAD = {"c": 2.0, "i": np.inf, "n": np.nan}

#: What torch.amp.GradScaler("cpu", growth_interval=3) of torch 2.14.1 did on these gradients (c: clean, i: Inf,
#: n: NaN): the scale's exponent and the clean steps after each update; a step was taken iff the gradients were clean.
KINDS = "ciciccccnccccccccccncccccccncniicccccccc"
STATES = """
    16:1 15:0 15:1 14:0 14:1 14:2 15:0 15:1 14:0 14:1 14:2 15:0 15:1 15:2 16:0 16:1 16:2 17:0 17:1 16:0 16:1 16:2
    17:0 17:1 17:2 18:0 18:1 17:0 17:1 16:0 15:0 14:0 14:1 14:2 15:0 15:1 15:2 16:0 16:1 16:2
"""


def run(scaler, kinds):
    """(scale, clean steps, whether the step was taken) after each update."""
    out = []
    for kind in kinds:
        gradient = np.array([1, BAD[kind]], np.float32)
        taken = scaler.step(lambda _: True, [gradient])
        scaler.update()
        out.append((scaler.get_scale(), scaler.state_dict()["_growth_tracker"], bool(taken)))
    return out


def test_the_recorded_states_of_torch():
    expected = [
        (2.0 ** int(exponent), int(clean), kind == "c")
        for kind, (exponent, clean) in zip(
            KINDS, (s.split(":") for s in STATES.split()), strict=True
        )
    ]
    assert run(LossScaler(growth_interval=3), KINDS) == expected


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="compares with torch.amp.GradScaler")


def run_torch(torch, kinds, **settings):
    parameter = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", **settings)
    scaler.scale(torch.zeros(1))
    out = []
    for kind in kinds:
        parameter.data.zero_()
        parameter.grad = torch.tensor([1.0, BAD[kind]])
        scaler.step(optimizer)
        scaler.update()
        taken = bool(parameter.detach().any())
        out.append((scaler.get_scale(), scaler._get_growth_tracker(), taken))
    return out, scaler.state_dict()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"growth_interval": 1},
        {"growth_interval": 4, "growth_factor": 8.0, "backoff_factor": 0.25},
        {"growth_interval": 2, "init_scale": 2.0**120},
    ],
)
def test_step_for_step_as_torch(torch, settings):
    kinds = "".join(np.random.default_rng(6).choice(list("cccccccccin"), 60))
    if settings.get("init_scale"):
        kinds = "c" * 12  # up to 2^126
    ours = LossScaler(**settings)
    theirs, state = run_torch(torch, kinds, **settings)
    assert run(ours, kinds) == theirs
    assert ours.state_dict() == state


def test_a_state_of_torch_is_taken_over(torch):
    _, state = run_torch(torch, "cccci", growth_interval=2)
    scaler = LossScaler()
    scaler.load_state_dict(state)
    assert scaler.state_dict() == state


def test_the_defaults_grow_after_2000_clean_steps():
    scaler = LossScaler()
    states = run(scaler, "c" * 2000)
    assert states[-2] == (2.0**16, 1999, True)
    assert states[-1] == (2.0**17, 0, True)
    assert run(scaler, "n") == [(2.0**16, 0, False)]


def test_a_fixed_scale_stays_and_still_skips():
    scaler = LossScaler.fixed()
    assert run(scaler, "cci") == [(2.0**15, 1, True), (2.0**15, 2, True), (2.0**15, 0, False)]
    assert LossScaler.fixed(4).get_scale() == 4


def test_the_scale_stays_within_float32():
    assert run(LossScaler(2.0**126, growth_interval=1), "c") == [(2.0**126, 0, True)]
    assert run(LossScaler(2.0**-126), "i") == [(2.0**-126, 0, False)]


@given(st.integers(-24, 15), st.integers(-2047, 2047))
def test_scaling_and_unscaling_are_exact(exponent, significand):
    scaler = LossScaler()
    gradient = np.float32(significand * 2.0**exponent)
    assert scaler.unscale([scaler.scale(gradient)])[0] == gradient
    half = np.array(significand * 2.0 ** min(exponent, 4), np.float16)
    (unscaled,) = scaler.unscale([half])
    assert unscaled.dtype == np.float32
    assert float(unscaled) * scaler.get_scale() == float(half)
    assert scaler.unscale([np.ones(2)])[0].dtype == np.float64


def test_gradients_may_be_looked_at_before_the_step():
    scaler = LossScaler(4.0)
    unscaled = scaler.unscale([np.float16([4, 8]), np.float32([[2]])])
    assert [x.tolist() for x in unscaled] == [[1, 2], [[0.5]]]
    assert scaler.step(lambda found: found is unscaled, unscaled)
    scaler.update()
    assert scaler.state_dict()["_growth_tracker"] == 1
    # two sets of gradients before one update: each decides its own step, both the scale
    steps = [scaler.step(lambda _: "taken", [np.float32([x])]) for x in (1, np.nan)]
    assert steps == ["taken", None]
    scaler.update()
    assert scaler.get_scale() == 2


def test_an_update_without_gradients_and_a_scale_that_is_given():
    scaler = LossScaler()
    with pytest.raises(RuntimeError, match="no gradients"):
        scaler.update()
    scaler.update(2.0**10)
    assert scaler.get_scale() == 1024
    with pytest.raises(RuntimeError, match="no gradients"):
        scaler.update()


def test_scaling_keeps_the_dtype():
    scaler = LossScaler(8.0)
    assert scaler.scale(np.float16(1)).dtype == np.float16
    assert scaler.scale(3) == 24
    assert repr(scaler) == "LossScaler(scale=8, 0 clean steps)"


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e5m2])
def test_a_scale_that_the_dtype_of_a_loss_does_not_hold(dtype):
    scaled = LossScaler(2.0**16).scale(np.array([2.0**-10, 2.0**-2], dtype))
    assert scaled.dtype == dtype
    np.testing.assert_array_equal(scaled.astype(np.float64), [2.0**6, 2.0**14])
    assert np.isinf(LossScaler(2.0**16).scale(np.float16(2)))


@pytest.mark.parametrize("wrong", [0, -2, 3, np.inf, np.nan, 2.0**127])
def test_factors_are_powers_of_two(wrong):
    for name in ("init_scale", "growth_factor", "backoff_factor"):
        with pytest.raises(ValueError, match="power of two"):
            LossScaler(**{name: wrong})
    with pytest.raises(ValueError, match="power of two"):
        LossScaler().update(wrong)


def test_other_arguments_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        LossScaler(growth_interval=0)
    state = {"scale": 2.0, "growth_factor": 2.0, "backoff_factor": 0.5, "_growth_tracker": 0}
    with pytest.raises(KeyError, match="growth_interval"):
        LossScaler().load_state_dict(state)
    state["growth_interval"] = 0
    with pytest.raises(ValueError, match="growth_interval=0"):
        LossScaler().load_state_dict(state)
    with pytest.raises(TypeError, match="integer"):
        LossScaler(growth_interval=2.5)
