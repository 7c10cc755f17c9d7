"""Which of arXiv's eight groups ("spheres") a scientific article belongs to, from its title, its abstract, or both.

>>> from spheres import EQUAL, Classifier
>>> classifier = Classifier.load()                     # the trained head in artifacts/, a few seconds
>>> answer = classifier.classify("Prime gaps", "We bound the gaps between consecutive primes.")
>>> answer.predict_set(0.9)                            # the most probable groups, until they add up to 0.9
['math']
>>> answer.ranked()[0]                                 # doctest: +ELLIPSIS
('math', 0.9...)
>>> answer.under(EQUAL).ranked()[0][0]                 # where arXiv's own shares of the groups do not hold
'math'
>>> articles = [("Prime gaps", ""), ("Wage contracts", "")]
>>> [answer.ranked()[0][0] for answer in classifier.classify_batch(articles)]
['math', 'econ']

This is the public interface; whatever lies in the folders below is the program's own and may change:

    data        a file -> articles          inference   live answers, and what explains one
    encoder     an article -> a vector      study       comparisons and the report; the product does not import it
    embeddings  a corpus -> cached vectors  server      a hardened Gradio server
    model       vectors -> a trained head   web         the page and its API
    files       atomic writes, manifests, checkpoints
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spheres.data.corpus import Corpus
    from spheres.inference.classifier import Classifier
    from spheres.model.prior import ARXIV, EQUAL, Prior

__version__ = "0.1.0"
__all__ = ["ARXIV", "EQUAL", "Classifier", "Corpus", "Prior", "__version__"]


def __getattr__(name: str) -> object:
    """Import a public class when it is first asked for: `import spheres` stays free of torch and its two seconds."""
    if name == "Classifier":
        from spheres.inference.classifier import Classifier

        return Classifier
    if name == "Corpus":
        from spheres.data.corpus import Corpus

        return Corpus
    if name in ("ARXIV", "EQUAL", "Prior"):
        from spheres.model import prior

        return getattr(prior, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
