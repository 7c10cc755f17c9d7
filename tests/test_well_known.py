"""Twenty papers that everybody knows, retold in two sentences: their sphere is found, and nearly always the category.

A smoke test: nothing is tuned on them.
"""

import pytest

from spheres.data.taxonomy import group_of
from spheres.inference.classifier import Classification, Classifier

PAPERS = {  # arXiv id -> categories, the primary first; title; abstract in our own words
    "1706.03762": (
        "cs.CL cs.LG",
        "Attention is all you need",
        "Sequence models for translation rest on recurrent or convolutional networks; we propose the Transformer, "
        "which uses attention alone. On two machine translation tasks it is better, trains in less time and runs "
        "in parallel.",
    ),
    "1512.03385": (
        "cs.CV",
        "Deep residual learning for image recognition",
        "Very deep networks are hard to train, so we let layers learn residual functions added to their inputs. "
        "Networks of up to 152 layers gain accuracy from depth and win image classification and object detection "
        "challenges.",
    ),
    "1412.6980": (
        "cs.LG",
        "Adam: a method for stochastic optimization",
        "We introduce a first-order gradient method for stochastic objectives that adapts step sizes from "
        "estimates of the first two moments. It needs little memory and tuning, and works on large neural "
        "networks and sparse gradients.",
    ),
    "1810.04805": (
        "cs.CL",
        "BERT: pre-training of deep bidirectional transformers for language understanding",
        "A language model is trained on unlabelled text to predict masked words from both sides. With one more "
        "output layer it is fine-tuned for question answering and inference, and sets new records on eleven "
        "tasks.",
    ),
    "1406.2661": (
        "stat.ML cs.LG",
        "Generative adversarial networks",
        "A generative model is trained against a discriminator that learns to tell its samples from the data. The "
        "two play a minimax game, are both neural networks, and need no Markov chains to draw samples.",
    ),
    "1312.5602": (
        "cs.LG",
        "Playing Atari with deep reinforcement learning",
        "A convolutional network learns to play seven Atari games from pixels alone, by a variant of Q-learning "
        "with experience replay. It beats earlier methods on six of them and a human expert on three.",
    ),
    "1207.7214": (
        "hep-ex",
        "Observation of a new particle in the search for the Standard Model Higgs boson with the ATLAS detector "
        "at the LHC",
        "We search for the Higgs boson in proton-proton collisions at 7 and 8 TeV in several decay channels. An "
        "excess with a significance of 5.9 standard deviations is observed at a mass near 126 GeV.",
    ),
    "1602.03837": (
        "gr-qc astro-ph.HE",
        "Observation of gravitational waves from a binary black hole merger",
        "Two interferometers saw at the same time a transient signal that sweeps upward in frequency. It matches "
        "the waveform of general relativity for the inspiral and merger of two black holes of some thirty solar "
        "masses.",
    ),
    "hep-th/9711200": (
        "hep-th",
        "The large N limit of superconformal field theories and supergravity",
        "The large N limit of certain conformal field theories is described by supergravity on a product of anti- "
        "de Sitter space and a sphere. We argue this from branes in string theory and conjecture a duality with "
        "M-theory.",
    ),
    "quant-ph/9508027": (
        "quant-ph",
        "Polynomial-time algorithms for prime factorization and discrete logarithms on a quantum computer",
        "A computer that uses quantum superposition is believed to be more powerful than a classical one. We give "
        "quantum algorithms that factor integers and find discrete logarithms in a number of steps polynomial in "
        "the input size.",
    ),
    "cond-mat/0410550": (
        "cond-mat.mtrl-sci cond-mat.mes-hall",
        "Electric field effect in atomically thin carbon films",
        "We prepare graphitic films a few atoms thick that are metallic and stable at room temperature. They show "
        "a strong ambipolar field effect, with electrons and holes of high mobility induced by a gate voltage.",
    ),
    "astro-ph/9805201": (
        "astro-ph",
        "Observational evidence from supernovae for an accelerating universe and a cosmological constant",
        "We measure distances to type Ia supernovae at high redshift with their light curves. They are farther "
        "than expected, which favours a positive cosmological constant and an expansion that speeds up.",
    ),
    "cond-mat/9910332": (
        "cond-mat.dis-nn cond-mat.stat-mech",
        "Emergence of scaling in random networks",
        "Large networks as diverse as the web and citations have vertex degrees that follow a power law. A model "
        "in which networks grow and new vertices attach to well connected ones reproduces this scale-free "
        "distribution.",
    ),
    "math/0211159": (
        "math.DG",
        "The entropy formula for the Ricci flow and its geometric applications",
        "We present a monotonic expression for the Ricci flow, valid in all dimensions without curvature "
        "assumptions. It is used to show no local collapsing and to sketch a proof of the geometrization of "
        "closed three-manifolds.",
    ),
    "math/0404188": (
        "math.NT math.CO",
        "The primes contain arbitrarily long arithmetic progressions",
        "We prove that there are arithmetic progressions of primes of any length. The proof transfers Szemeredi's "
        "theorem to a pseudorandom set of almost primes in which the primes have positive relative density.",
    ),
    "math/0409186": (
        "math.NA cs.NA math.CA",
        "Robust uncertainty principles: exact signal reconstruction from highly incomplete frequency information",
        "A discrete signal that is a sum of few spikes is recovered exactly from few random Fourier coefficients. "
        "It is the solution of a convex problem of least l1 norm, with high probability.",
    ),
    "1201.0490": (
        "cs.LG cs.MS",
        "Scikit-learn: machine learning in Python",
        "A Python module brings together many machine learning algorithms for supervised and unsupervised "
        "problems. It aims at non-specialists, with ease of use, speed, documentation and a consistent interface.",
    ),
    "0705.4485": (
        "stat.ME cs.LG math.ST physics.soc-ph stat.ML",
        "Mixed membership stochastic blockmodels",
        "Relational data such as friendships and protein interactions are pairwise measurements. We describe a "
        "latent variable model in which each node belongs to several blocks, with variational inference for its "
        "posterior.",
    ),
    "1312.6114": (
        "stat.ML cs.LG",
        "Auto-encoding variational Bayes",
        "How can we infer in directed models with continuous latent variables and intractable posteriors? A "
        "reparameterised lower bound can be optimised by stochastic gradients, with a recognition network as "
        "approximate posterior.",
    ),
    "1410.3394": (
        "q-fin.ST",
        "Volatility is rough",
        "From high-frequency data we find that log-volatility behaves like a fractional Brownian motion with a "
        "Hurst exponent of order 0.1. The model agrees with the implied volatility surface and improves forecasts "
        "of realised volatility.",
    ),
}


@pytest.fixture(scope="module")
def answers(classifier: Classifier) -> dict[str, Classification]:
    found = classifier.classify_batch((title, abstract) for _, title, abstract in PAPERS.values())
    return dict(zip(PAPERS, found, strict=True))


@pytest.mark.parametrize("paper", PAPERS)
def test_the_sphere_is_one_of_the_papers(paper: str, answers: dict[str, Classification]) -> None:
    groups = {group_of(category) for category in PAPERS[paper][0].split()}
    assert answers[paper].ranked()[0][0] in groups


def test_a_category_of_the_paper_is_among_the_five_likeliest_of_nearly_all(answers: dict[str, Classification]) -> None:
    found = [
        bool({*categories.split()} & {code for code, _ in answers[paper].categories()})
        for paper, (categories, _, _) in PAPERS.items()
    ]
    assert sum(found) >= 17
