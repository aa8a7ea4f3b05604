"""ONNX's own node tests of Attention, as calls of fastmul.

The operator has more arguments than `fastmul.nn.attention`; each is brought into its form here, so that the docstring
of `answers` is also how to run such a model:

    past_key, past_value      before k and v, which makes present_key and present_value; offset = their length
    three axes                (batch, n, heads * d) is a view (batch, heads, n, d)
    nonpad_kv_seqlen          keys of a batch that count: a boolean mask; with is_causal, its offset differs by batch
    left, right_window_size   a boolean mask
    a mask of fewer keys      the others do not count
    qk_matmul_output, mode 3  the weights: attention to the rows of the identity
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fastmul.nn import attention

#: qk_matmul_output_mode: which matrix of scores is asked for. 0 to 2 come before the softmax.
AFTER_SOFTMAX = 3
SCORES = "qk_matmul_output before the softmax: attention never has the matrix of scores"


@dataclass(frozen=True)
class Case:
    """One node test: inputs and outputs by name."""

    name: str
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    attributes: dict[str, Any]
    rtol: float
    atol: float


_INPUTS = ("Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen")
_OUTPUTS = ("Y", "present_key", "present_value", "qk_matmul_output")


@cache
def cases() -> tuple[Case, ...]:
    """All of them; an "expanded" one has its operator's attributes from its twin."""
    from onnx.backend.test.case.node import collect_testcases
    from onnx.helper import get_attribute_value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # of all operators, as every other test does: what the first call asks for is all that later ones get
        found = {c.name: c for c in collect_testcases(None) if c.name.startswith("test_attention")}
    made = []
    for name, case in found.items():
        node = found[name.removesuffix("_expanded")].model.graph.node[0]
        inputs, outputs = case.data_sets[0]
        made.append(
            Case(
                name,
                dict(zip([n for n in node.input if n], inputs, strict=True)),
                dict(zip([n for n in node.output if n], outputs, strict=True)),
                {a.name: get_attribute_value(a) for a in node.attribute},
                case.rtol,
                case.atol,
            )
        )
    return tuple(made)


def answers(case: Case) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """What fastmul makes of a case's outputs, and why it does not make the others."""
    inputs, attributes = case.inputs, case.attributes
    q, k, v = (inputs[name] for name in "QKV")
    three_axes = q.ndim == 3
    if three_axes:
        q, k, v = (
            _by_head(x, attributes[f"{of}_num_heads"]) for x, of in ((q, "q"), (k, "kv"), (v, "kv"))
        )
    before = 0
    if "past_key" in inputs:
        before = inputs["past_key"].shape[2]
        k = np.concatenate([inputs["past_key"], k], axis=2)
        v = np.concatenate([inputs["past_value"], v], axis=2)

    options: dict[str, Any] = {
        "mask": _mask(inputs, attributes, q.shape[2], k.shape[2], before),
        "scale": attributes.get("scale"),
        "softcap": attributes.get("softcap") or None,
        "causal": bool(attributes.get("is_causal")) and "nonpad_kv_seqlen" not in inputs,
        "offset": before,
    }
    made = {"Y": attention(q, k, v, **options), "present_key": k, "present_value": v}
    if three_axes:
        made["Y"] = np.moveaxis(made["Y"], 1, 2).reshape(*case.inputs["Q"].shape[:2], -1)
    refused = {}
    if "qk_matmul_output" in case.outputs:
        if attributes.get("qk_matmul_output_mode") == AFTER_SOFTMAX:
            rows = np.eye(k.shape[2], dtype=q.dtype)
            values = np.broadcast_to(rows, (*k.shape[:2], *rows.shape))
            made["qk_matmul_output"] = attention(q, k, values, **options)
        else:
            refused["qk_matmul_output"] = SCORES
    return {name: made[name] for name in case.outputs if name not in refused}, refused


def _by_head(x: np.ndarray, heads: int) -> np.ndarray:
    return np.moveaxis(x.reshape(*x.shape[:2], heads, -1), 2, 1)


def _mask(
    inputs: dict[str, np.ndarray], attributes: dict[str, Any], n_q: int, n_k: int, before: int
) -> np.ndarray | None:
    """The mask of the operator, with all that only a mask can say; causality too where it differs by batch."""
    mask = inputs.get("attn_mask")
    if mask is not None and mask.shape[-1] < n_k:
        missing = [(0, 0)] * (mask.ndim - 1) + [(0, n_k - mask.shape[-1])]
        mask = np.pad(mask, missing, constant_values=False if mask.dtype == bool else -np.inf)
    key, query = np.arange(n_k), np.arange(n_q)[:, None] + before
    rules = []
    if "nonpad_kv_seqlen" in inputs:
        lengths = inputs["nonpad_kv_seqlen"].reshape(-1, 1, 1, 1)
        query = np.arange(n_q)[:, None] + lengths - n_q
        rules.append(key < lengths)
        if attributes.get("is_causal"):
            rules.append(key <= query)
    left, right = (attributes.get(f"{side}_window_size", -1) for side in ("left", "right"))
    if left >= 0:
        rules.append(query - key <= left)
    if right >= 0:
        rules.append(key - query <= right)
    for rule in rules:
        if mask is None:
            mask = rule
        elif mask.dtype == bool:
            mask = mask & rule
        else:
            mask = np.where(rule, mask, mask.dtype.type(-np.inf))
    return mask
