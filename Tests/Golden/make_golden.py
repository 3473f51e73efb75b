"""Makes the golden values of the LLaMA tests with transformers and PEFT, independently of this project's code.

Run from the root of the repository, on any CPU (about a minute; nothing is downloaded):

    python3 -m venv golden-venv
    golden-venv/bin/pip install torch transformers peft safetensors numpy
    golden-venv/bin/python Tests/Golden/make_golden.py

The committed files were made with Python 3.11, torch 2.15.0 (CPU), transformers 5.23.0, peft 0.21.2, safetensors 0.8.0,
numpy 2.4.6. Everything is seeded, FP32 and one thread; another torch or another processor may change the last bits.

Each case is also computed in float64 by the plain functions below (`logits64`), which share nothing with
transformers. How far the two are apart stands in the metadata of each file and is printed: it tells which tolerance
an FP32 implementation can be held to. See README.md for what each file holds.
"""

import json
import math
import pathlib

import numpy
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, silu
from transformers import LlamaConfig, LlamaForCausalLM

FOLDER = pathlib.Path(__file__).parent
STEPS = 10
LEARNING_RATE, BETAS, EPSILON, WEIGHT_DECAY, MAX_GRAD_NORM = 1e-3, (0.9, 0.95), 1e-8, 0.1, 1.0
LORA_R, LORA_ALPHA = 4, 8
LINEAR_KINDS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

GROUPED = dict(vocab_size=96, hidden_size=48, intermediate_size=76, num_hidden_layers=3, num_attention_heads=6,
               num_key_value_heads=2, max_position_embeddings=32, rope_theta=10000.0, rms_norm_eps=1e-5,
               tie_word_embeddings=False)
TIED = dict(vocab_size=51, hidden_size=36, intermediate_size=50, num_hidden_layers=2, num_attention_heads=3,
            num_key_value_heads=3, max_position_embeddings=16, rope_theta=500000.0, rms_norm_eps=1e-6,
            tie_word_embeddings=True)


# Rotary scaling: wavelengths of 6 to 200 positions, so that llama3 leaves, interpolates and divides some of them.
SHORT = dict(vocab_size=40, hidden_size=32, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, rope_theta=100.0, rms_norm_eps=1e-5,
             tie_word_embeddings=True)
SCALINGS = {
    "linear": dict(SHORT, rope_scaling={"rope_type": "linear", "factor": 2.5}),
    "dynamic": dict(SHORT, max_position_embeddings=16, rope_scaling={"rope_type": "dynamic", "factor": 4.0}),
    "llama3": dict(SHORT, rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                        "high_freq_factor": 4.0, "original_max_position_embeddings": 64}),
}


# Models and data

def normal(seed, shape, deviation):
    """Numbers that do not depend on torch's generator: NumPy keeps PCG64's stream stable."""
    return torch.from_numpy(numpy.random.default_rng(seed).normal(0.0, deviation, shape).astype(numpy.float32))


def random_weights(config, seed):
    """Every weight under its Hugging Face name: matrices from N(0, 0.08), norms 1 + N(0, 0.1)."""
    shapes = {name: tuple(p.shape) for name, p in build(config).named_parameters()}
    return {name: normal([seed, i], shape, 0.08) if len(shape) > 1 else 1 + normal([seed, i], shape, 0.1)
            for i, (name, shape) in enumerate(sorted(shapes.items()))}


def build(config, weights=None):
    """transformers' own model with these weights."""
    keys = {k: v for k, v in config.items() if k not in ("rope_theta", "rope_scaling")}
    rope = {"rope_type": "default", "rope_theta": config["rope_theta"]} | config.get("rope_scaling", {})
    model = LlamaForCausalLM(LlamaConfig(**keys, rope_parameters=rope, attention_bias=False, mlp_bias=False,
                                         attn_implementation="eager", use_cache=False)).float().train()
    if weights is not None:
        missing, unexpected = model.load_state_dict(weights, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
    return model


def token_batches(config, seed, batches, batch, sequence):
    """Text that can be learnt: three tokens of four follow from the one before. Shape (batches, batch, sequence + 1)."""
    rng, vocabulary = numpy.random.default_rng(seed), config["vocab_size"]
    tokens = rng.integers(vocabulary, size=(batches, batch, sequence + 1))
    follows = rng.random(tokens.shape) < 0.75
    for t in range(1, sequence + 1):
        tokens[..., t] = numpy.where(follows[..., t], (5 * tokens[..., t - 1] + 7) % vocabulary, tokens[..., t])
    return torch.from_numpy(tokens)


def expanded(config, weights, after):
    """LLaMA Pro's block expansion: a copy above each of the original layers `after` (counted from 1), with o_proj and
    down_proj zero. Returns the configuration, the weights and the new blocks' indices (from 0)."""
    result = {name: w for name, w in weights.items() if not name.startswith("model.layers.")}
    new, target = [], 0
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        block = {name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)}
        for is_copy in [False, True] if layer + 1 in after else [False]:
            for name, w in block.items():
                zero = is_copy and name in ("self_attn.o_proj.weight", "mlp.down_proj.weight")
                result[f"model.layers.{target}.{name}"] = torch.zeros_like(w) if zero else w.clone()
            new += [target] if is_copy else []
            target += 1
    return dict(config, num_hidden_layers=target), result, new


# Training, the same for both precisions

def loss_of(logits, batch):
    """Mean cross-entropy over all tokens, in nats."""
    return cross_entropy(logits.reshape(-1, logits.shape[-1]), batch[:, 1:].reshape(-1))


def trajectory(forward, trained, tokens):
    """Logits, loss and gradients of batch 0; then ten steps of AdamW, one a batch.

    `trained` maps names to leaf tensors; `forward(inputs)` gives logits. Losses and gradient norms are those before
    the step (and before clipping). Ends with the trained values, and with loss and gradients of batch 10 under them."""
    decayed = [p for p in trained.values() if p.dim() >= 2]
    plain = [p for p in trained.values() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=LEARNING_RATE, betas=BETAS, eps=EPSILON,
                                  foreach=False)
    result = {"losses": [], "gradient_norms": []}
    for step in range(STEPS + 1):
        optimizer.zero_grad()
        logits = forward(tokens[step][:, :-1])
        loss = loss_of(logits, tokens[step])
        loss.backward()
        if step in (0, STEPS):
            suffix = "" if step == 0 else "_after"
            result["logits" + suffix] = logits.detach().clone()
            result["loss" + suffix] = loss.detach().reshape(1)
            result["grad" + suffix] = {name: p.grad.clone() for name, p in trained.items()}
        if step < STEPS:
            result["losses"].append(loss.detach())
            result["gradient_norms"].append(torch.nn.utils.clip_grad_norm_(list(trained.values()), MAX_GRAD_NORM))
            optimizer.step()
    for key in ("losses", "gradient_norms"):
        result[key] = torch.stack(result[key])
    result["final"] = {name: p.detach().clone() for name, p in trained.items()}
    return result


# The float64 check: the LLaMA equations, plainly

def frequencies64(config, size, sequence):
    """Radians a position by which each pair of a head turns in sequences of this length."""
    pairs, theta = torch.arange(0, size, 2, dtype=torch.float64), config["rope_theta"]
    scaling = config.get("rope_scaling", {"rope_type": "default"})
    if scaling["rope_type"] == "dynamic":
        stretch = max(sequence / config["max_position_embeddings"], 1)
        theta *= (1 + scaling["factor"] * (stretch - 1)) ** (size / (size - 2))
    frequency = theta ** (-pairs / size)
    if scaling["rope_type"] == "linear":
        return frequency / scaling["factor"]
    if scaling["rope_type"] == "llama3":
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        turns = scaling["original_max_position_embeddings"] * frequency / (2 * math.pi)
        share = ((turns - low) / (high - low)).clamp(0, 1)
        assert (share == 0).any() and (share == 1).any() and ((0 < share) & (share < 1)).any()
        return frequency * (share + (1 - share) / scaling["factor"])
    return frequency


def logits64(config, w, tokens):
    """Logits in float64. B batch, T sequence, C hidden, H query heads, G key-value heads, D head size."""
    batch, sequence = tokens.shape
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    size = config["hidden_size"] // heads

    def norm(x, weight):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + config["rms_norm_eps"]) * weight

    frequency = frequencies64(config, size, sequence)
    angle = torch.arange(sequence, dtype=torch.float64)[:, None] * frequency
    cosine, sine = torch.cos(angle), torch.sin(angle)

    def heads_of(x, count):  # (B, T, count * D) -> (B, count, T, D)
        return x.view(batch, sequence, count, size).transpose(1, 2)

    def rotated(x):  # the pair of element i is element i + D/2
        a, b = x[..., : size // 2], x[..., size // 2 :]
        return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)

    mask = torch.full((sequence, sequence), -math.inf, dtype=torch.float64).triu(1)
    x = w["model.embed_tokens.weight"][tokens]
    for layer in range(config["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        h = norm(x, w[p + "input_layernorm.weight"])
        q = rotated(heads_of(h @ w[p + "self_attn.q_proj.weight"].T, heads))
        k = rotated(heads_of(h @ w[p + "self_attn.k_proj.weight"].T, groups)).repeat_interleave(heads // groups, 1)
        v = heads_of(h @ w[p + "self_attn.v_proj.weight"].T, groups).repeat_interleave(heads // groups, 1)
        a = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(size) + mask, -1) @ v
        x = x + a.transpose(1, 2).reshape(batch, sequence, -1) @ w[p + "self_attn.o_proj.weight"].T
        h = norm(x, w[p + "post_attention_layernorm.weight"])
        h = silu(h @ w[p + "mlp.gate_proj.weight"].T) * (h @ w[p + "mlp.up_proj.weight"].T)
        x = x + h @ w[p + "mlp.down_proj.weight"].T
    head = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    return norm(x, w["model.norm.weight"]) @ w[head].T


def with_adapters(weights, adapters):
    """W + (alpha / r) B A for every adapted matrix."""
    merged = dict(weights)
    for name in weights:
        module = name.removesuffix(".weight")
        if f"{module}.lora_A.weight" in adapters:
            product = adapters[f"{module}.lora_B.weight"] @ adapters[f"{module}.lora_A.weight"]
            merged[name] = weights[name] + LORA_ALPHA / LORA_R * product
    return merged


def trajectory64(config, weights, trained, tokens):
    """The same trajectory in float64. `trained` names values of `weights`, or is a dictionary of adapters."""
    weights = {name: w.double() for name, w in weights.items()}
    if isinstance(trained, dict):
        leaves = {name: w.double().clone().requires_grad_() for name, w in trained.items()}
        return trajectory(lambda inputs: logits64(config, with_adapters(weights, leaves), inputs), leaves, tokens)
    leaves = {name: weights[name].clone().requires_grad_() for name in trained}
    return trajectory(lambda inputs: logits64(config, weights | leaves, inputs), leaves, tokens)


def apart(a, b, size=lambda x: x.abs().max()):
    """The difference's size relative to the reference's; 0 when both are all zeros. The size is the largest value."""
    difference, scale = size(a.double() - b).item(), size(b.double()).item()
    return difference / scale if scale > 0 else (0.0 if difference == 0 else math.inf)


def differences(run, reference):
    """For each kind of value how far it is from the reference: the largest difference relative to the largest value,
    for losses and norms taken number by number; of named tensors the worst one, and the worst by Euclidean norm."""
    result = {}
    for key, value in reference.items():
        if isinstance(value, dict):
            largest = {name: apart(run[key][name], value[name]) for name in value}
            euclidean = {name: apart(run[key][name], value[name], torch.linalg.norm) for name in value}
            worst = max(largest, key=largest.get)
            result[key] = {"largest": largest[worst], "in": worst, "euclidean": max(euclidean.values()),
                           "absolute": max((run[key][n].double() - value[n]).abs().max().item() for n in value)}
        elif key in ("losses", "gradient_norms"):
            result[key] = max(apart(a, b) for a, b in zip(run[key], value))
        else:
            result[key] = apart(run[key], value)
    return result


# The files

def write(name, config, run, reference, tensors, keys, **notes):
    """Writes tensors and the named values of the run; dictionaries become `<key>.<tensor>`."""
    for key in keys:
        value = run[key]
        tensors |= {f"{key}.{n}": t for n, t in value.items()} if isinstance(value, dict) else {key: value}
    about = {"config": config, **notes, "versus_float64": differences(run, {key: reference[key] for key in keys})}
    # One metadata entry, because safetensors does not promise an order of several.
    path = FOLDER / f"{name}.safetensors"
    save_file({n: t.detach().contiguous() for n, t in tensors.items()}, path, {"about": json.dumps(about)})
    print(f"{path.name}: {path.stat().st_size} bytes")
    print("  losses", " ".join(f"{x:.6f}" for x in run["losses"]))
    print("  norms ", " ".join(f"{x:.6f}" for x in run["gradient_norms"]))
    for key, value in about["versus_float64"].items():
        print(f"  {key}:", " ".join(f"{k} {v}" if isinstance(v, str) else f"{k} {v:.1e}" for k, v in value.items())
              if isinstance(value, dict) else f"{value:.1e}")


def make_llama():
    weights = random_weights(GROUPED, seed=1)
    tokens = token_batches(GROUPED, seed=2, batches=STEPS + 1, batch=3, sequence=20)
    model = build(GROUPED, weights)
    run = trajectory(lambda inputs: model(inputs).logits, dict(model.named_parameters()), tokens)
    write("llama", GROUPED, run, trajectory64(GROUPED, weights, list(weights), tokens), {"tokens": tokens, **weights},
          ["logits", "loss", "grad", "losses", "gradient_norms", "final"])
    return weights, tokens, run


def make_tied():
    weights = random_weights(TIED, seed=3)
    tokens = token_batches(TIED, seed=4, batches=STEPS + 1, batch=2, sequence=13)
    model = build(TIED, weights)
    assert model.lm_head.weight is model.model.embed_tokens.weight
    run = trajectory(lambda inputs: model(inputs).logits, dict(model.named_parameters()), tokens)
    write("llama_tied", TIED, run, trajectory64(TIED, weights, list(weights), tokens), {"tokens": tokens, **weights},
          ["logits", "loss", "grad", "losses", "gradient_norms"])


def make_lora(weights, tokens):
    model = get_peft_model(build(GROUPED, weights), LoraConfig(r=LORA_R, lora_alpha=LORA_ALPHA, lora_dropout=0.0,
                                                               target_modules=LINEAR_KINDS, task_type="CAUSAL_LM"))
    # PEFT's name without its wrapper and its adapter's name: model.layers.0.self_attn.q_proj.lora_A.weight
    trained = {name.removeprefix("base_model.model.").replace(".default", ""): p
               for name, p in model.named_parameters() if p.requires_grad}
    assert len(trained) == 2 * len(LINEAR_KINDS) * GROUPED["num_hidden_layers"]
    adapters = {name: normal([5, i], tuple(p.shape), 0.1) for i, (name, p) in enumerate(sorted(trained.items()))}
    with torch.no_grad():
        for name, p in trained.items():
            p.copy_(adapters[name])
    run = trajectory(lambda inputs: model(inputs).logits, trained, tokens)
    write("lora", GROUPED, run, trajectory64(GROUPED, weights, adapters, tokens), dict(adapters),
          ["logits", "loss", "grad", "losses", "gradient_norms", "final"],
          r=LORA_R, lora_alpha=LORA_ALPHA, target_modules=LINEAR_KINDS)


def make_expanded(base, tokens, base_run):
    layers, k = GROUPED["num_hidden_layers"], 2
    after = [i * layers // k for i in range(1, k + 1)]
    config, weights, new = expanded(GROUPED, base, after)
    model = build(config, weights)
    prefixes = tuple(f"model.layers.{i}." for i in new)
    for name, p in model.named_parameters():
        p.requires_grad_(name.startswith(prefixes))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    run = trajectory(lambda inputs: model(inputs).logits, trained, tokens)

    assert torch.equal(run["logits"], base_run["logits"]), "an expanded model starts as its base, bit for bit"
    zero = sorted(name for name, g in run["grad"].items() if not g.any())
    assert zero == sorted(n for n in trained if not n.endswith(("self_attn.o_proj.weight", "mlp.down_proj.weight")))
    assert all(g.any() for g in run["grad_after"].values())
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters() if name not in trained)

    reference = trajectory64(config, weights, list(trained), tokens)
    nonzero = dict(run, grad={name: g for name, g in run["grad"].items() if name not in zero})
    write("expanded", config, nonzero, reference | {"grad": {n: reference["grad"][n] for n in nonzero["grad"]}}, {},
          ["loss", "grad", "losses", "gradient_norms", "final", "loss_after", "grad_after"],
          after=after, new_layers=new, zero_gradients=zero)


def make_rotary():
    """Logits, loss and gradients of each kind of scaling; the kinds share weights and tokens."""
    weights = random_weights(SHORT, seed=6)
    tokens = token_batches(SHORT, seed=7, batches=1, batch=1, sequence=40)
    tensors, apart64 = {"tokens": tokens, **weights}, {}
    for kind, config in SCALINGS.items():
        run, reference = [], []
        model = build(config, weights)
        for leaves, forward, result in (
            (dict(model.named_parameters()), lambda inputs: model(inputs).logits, run),
            ({n: w.double().requires_grad_() for n, w in weights.items()},
             lambda inputs: logits64(config, reference_leaves, inputs), reference),
        ):
            reference_leaves = leaves
            logits = forward(tokens[0][:, :-1])
            loss = loss_of(logits, tokens[0])
            loss.backward()
            result += [logits.detach(), loss.detach().reshape(1)] + [leaves[n].grad for n in sorted(weights)]
        names = ["logits", "loss"] + [f"grad.{n}" for n in sorted(weights)]
        kept = [n for n in names if not n.startswith("grad.") or "q_proj" in n or "k_proj" in n or "norm" in n]
        tensors |= {f"{kind}.{n}": t.contiguous() for n, t in zip(names, run) if n in kept}
        apart64[kind] = max(apart(a, b) for a, b in zip(run, reference))
        assert apart64[kind] < 3e-6, (kind, apart64)
    path = FOLDER / "rotary.safetensors"
    save_file(tensors, path, {"about": json.dumps({"configs": SCALINGS, "versus_float64": apart64})})
    print(f"{path.name}: {path.stat().st_size} bytes", apart64)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    base_weights, base_tokens, base_run = make_llama()
    make_tied()
    make_lora(base_weights, base_tokens)
    make_expanded(base_weights, base_tokens, base_run)
    make_rotary()
    print("together", sum(path.stat().st_size for path in FOLDER.glob("*.safetensors")), "bytes")
