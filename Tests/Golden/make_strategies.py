"""Makes the golden values of the strategies' tests with PyTorch in float64, from the weights and tokens of llama.safetensors.

    golden-venv/bin/python Tests/Golden/make_strategies.py        (see make_golden.py; a few seconds)

The forward is `logits64` of make_golden.py, gradients are PyTorch's. Made with Python 3.11, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.

`before` are the weights before the task, llama's plus `offset`; `after` are llama's. Of each gradient some tensors are kept.
"""

import json

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from make_golden import FOLDER, GROUPED, logits64

KEPT = ["model.layers.0.self_attn.k_proj.weight", "model.layers.1.post_attention_layernorm.weight", "model.layers.2.mlp.down_proj.weight",
        "model.norm.weight"]
WEIGHT, TEMPERATURE, STRENGTH = 0.7, 2.0, 30.0


def offset(index, w):
    """Numbers that the test makes too: from -0.03 to 0.03, for element j of tensor `index` (by name)."""
    j = torch.arange(w.numel(), dtype=torch.int64)
    return ((((7919 * j + 13 * index) % 101) - 50).double() * 0.0006).float().reshape(w.shape)


def gradient(weights, loss):
    leaves = {name: w.clone().requires_grad_() for name, w in weights.items()}
    value = loss(leaves)
    value.backward()
    return value.detach(), {name: leaf.grad for name, leaf in leaves.items()}


def nats(weights, batch, reduction="mean"):
    logits = logits64(GROUPED, weights, batch[:, :-1])
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), batch[:, 1:].reshape(-1), reduction=reduction)


def distilled(teacher):
    def loss(weights, batch):
        logits, target = logits64(GROUPED, weights, batch[:, :-1]), logits64(GROUPED, teacher, batch[:, :-1])
        q, p = (log_softmax(x.reshape(-1, x.shape[-1]) / TEMPERATURE, -1) for x in (logits, target))
        return nats(weights, batch) + WEIGHT * TEMPERATURE**2 * kl_div(q, p, log_target=True, reduction="batchmean")
    return loss


def dot(a, b):
    return sum((a[name] * b[name]).sum() for name in a)


if __name__ == "__main__":
    torch.set_num_threads(1)
    llama = load_file(FOLDER / "llama.safetensors")
    tokens = llama["tokens"]
    names = [n for n in llama if n.startswith(("model.", "lm_head")) and "." in n]
    after = {n: llama[n].double() for n in sorted(names)}
    before = {n: (llama[n] + offset(i, w)).double() for i, (n, w) in enumerate(after.items())}
    result = {}

    loss, g = gradient(after, lambda w: distilled(before)(w, tokens[0]))
    result |= {"lwf.loss": loss.reshape(1)} | {f"lwf.{n}": g[n] for n in KEPT}

    sequence = tokens[1][:1]
    length = sequence.shape[1] - 1
    _, s = gradient(before, lambda w: nats(w, sequence, "sum"))
    fisher = {n: s[n] ** 2 / length for n in s}
    _, g = gradient(after, lambda w: nats(w, tokens[0]) + STRENGTH / 2 * sum((fisher[n] * (w[n] - before[n]) ** 2).sum() for n in w))
    result |= {f"fisher.{n}": fisher[n] for n in KEPT} | {f"ewc.{n}": g[n] for n in KEPT}

    # The trained model of llama, a text that contradicts what it has learned.
    trained = {n: llama["final." + n].double() for n in after}
    contrary = torch.tensor([[(13 * i) % 96 for i in range(length + 1)]])
    _, g = gradient(trained, lambda w: nats(w, tokens[10]))
    _, r = gradient(trained, lambda w: nats(w, contrary))
    product = dot(g, r)
    print("cosine of g and r", (product / (dot(g, g) * dot(r, r)).sqrt()).item())
    assert product < 0
    projected = {n: g[n] - product / dot(r, r) * r[n] for n in g}
    result |= {f"agem.{n}": projected[n] for n in KEPT} | {"agem.product": product.reshape(1)}
    about = dict(config=GROUPED, weight=WEIGHT, temperature=TEMPERATURE, strength=STRENGTH, contrary=contrary[0].tolist(), kept=KEPT)
    result = {n: t.float().contiguous() for n, t in result.items()}
    path = FOLDER / "strategies.safetensors"
    save_file(result, path, {"about": json.dumps(about)})
    print(path.name, path.stat().st_size, "bytes")
