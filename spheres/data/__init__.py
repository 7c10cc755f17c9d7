"""From a file to articles: what a record means, and which group, split and view an article belongs to.

`corpus.Corpus` streams the `article.Article`s of a file, which `readers` (one module a format) read as `row.Row`s.
`columns` has the table of names by which title, abstract and the rest are found, `values` makes text of what stands
there, and `categories` arXiv's codes.
`text` checks and cleans titles and abstracts, once, into a `Text`; `arxiv_id` recognises arXiv's ids; `taxonomy` has
arXiv's eight groups, a category's group and an article's soft target; `splits` says which articles train and which
measure, and `views` which of their parts are embedded.
"""
