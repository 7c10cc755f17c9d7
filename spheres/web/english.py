"""The page in English."""

from spheres.web.i18n import Wording

TEXTS = Wording(
    code="en",
    own_name="English",
    decimal_point=".",
    thousands=",",
    percent_sign="%",
    groups={
        "physics": "Physics",
        "math": "Mathematics",
        "cs": "Computer Science",
        "q-bio": "Quantitative Biology",
        "q-fin": "Quantitative Finance",
        "stat": "Statistics",
        "eess": "Electrical Engineering and Systems Science",
        "econ": "Economics",
    },
    name="Article Sphere Classifier",
    lead="Which of arXiv’s eight spheres an article belongs to",
    lead_rest=", from its title, its abstract, or both",
    switch="Language",
    one_article="One article",
    many_articles="A file of articles",
    title="Title",
    title_hint="A title, or an arXiv id or link",
    abstract="Abstract",
    abstract_hint="Ctrl+Enter classifies. Either box may stay empty.",
    classify="Classify",
    clear="Clear",
    examples="Examples, written for this page",
    example_title="title",
    example_abstract="abstract",
    answer="Answer",
    nothing_yet="Paste a title, an abstract, or both: the answer appears here.",
    most_probable="Most probable sphere",
    above_line_one="The sphere above the line has {total}.",
    above_line_many="The {n} spheres above the line add up to {total}.",
    unfamiliar_head="Unfamiliar text",
    sphere="Sphere",
    probability="Probability",
    running_total="Running total",
    left_out_one="Left out: {total} in 1 sphere",
    left_out_many="Left out: {total} in {n} spheres",
    none_left_out="None left out",
    together="together {total}",
    copy_text="Copy as text",
    copy_json="Copy as JSON",
    copy_link="Copy the link",
    copy_frame="Copy the markup",
    copied="Copied",
    threshold="Threshold",
    rule="What it sets",
    rule_names={"coverage": "How often the true sphere is shown", "sum": "What the probabilities add up to"},
    goal={
        "coverage": "Shows as many spheres as it takes to include the true one for {n} of 100 articles",
        "sum": "Shows the most probable spheres until their probabilities add up to {n}%",
    },
    measured={
        "coverage": "; measured on unseen articles: {covered} of 100, {size} spheres on average.",
        "sum": "; measured on unseen articles: the true one was among them for {covered} of 100, "
        "{size} spheres on average.",
    },
    why="Why",
    why_ask="Classify an article to see here how much each of its sentences changed the answer.",
    why_group="Effect of the sentences on",
    why_intro="Each sentence was left out in turn. Its number says by how many points the probability of {group}, "
    "now {whole}, is higher with it than without it.",
    why_nothing="This text is a single word: without it, nothing is left to compare with.",
    why_long="Only texts of up to {most} characters are explained, and this one is longer: paste the abstract only.",
    why_words="In the outlined sentence, which changed the probability most, each word was left out too (small words "
    "together with the next one). Point at a word, or reach it with Tab, to see its number.",
    why_for="speaks for {group}",
    why_against="speaks against {group}",
    why_without="without it {share} ({points} points)",
    near="Nearest",
    near_intro="The most similar of {n} arXiv articles, by the cosine between the encoder’s vectors.",
    near_wait="Classify an article, and the ten most similar ones appear here.",
    near_title="Title",
    near_similarity="Similarity",
    near_article="Article",
    near_categories="Categories",
    near_date="Date",
    no_cache="The embedded corpus is not on this server: run `python embed.py CORPUS --encoder {name}` there.",
    map="Map",
    map_intro="Each dot is one of {n} arXiv articles, coloured by its sphere; spheres that have much in common lie "
    "close together. The cross is your article, the rings are its ten nearest.",
    map_this="This article",
    map_alt="Map of all articles, with the place of this one marked",
    share="Share",
    share_intro="The link holds the text itself, after its # sign. Browsers do not send that part to the server, and "
    "nothing is stored.",
    share_link="Link to this classification",
    share_frame="Markup to show this page in another one",
    share_compact="Compact: only boxes, slider and answer, from 320 × 480 pixels",
    file="File of articles",
    file_intro="CSV, TSV, JSON lines, Parquet, or Kaggle’s JSON, with a column for the title, the abstract, or both; "
    "plain or compressed with gzip or xz. At most **{rows} rows** and **{megabytes} MB**. "
    "Every column is kept; spheres and probabilities are added beside them. The file is deleted within a day.",
    file_wait="The spheres of its articles appear here, and the file with all answers.",
    file_upload="CSV, TSV, JSON lines, Parquet or Kaggle’s JSON",
    file_classify="Classify the file",
    file_cancel="Cancel",
    file_counting="Counting the rows",
    file_progress="{done} of {rows} rows, {left}",
    file_seconds="{n} s left",
    file_minutes="{n} min left",
    file_done="{answered} of {rows} rows classified.",
    file_cancelled="Cancelled. Nothing was kept.",
    file_download="Download",
    file_chart="Most probable sphere of each article",
    file_articles="Articles",
    file_first="The first rows",
    file_first_headers=("Row", "Article", "Spheres", "Probability", "Note"),
    file_problems="Rows without an answer",
    file_more_problems="and {n} more, each marked in the download",
    file_none="Choose a file first.",
    places={"line": "line {n}", "record": "record {n}", "row": "row {n}"},
    how="How this works, and its limits",
    how_text="""
The text goes through **{name}**, a language model whose weights stay as they were published. A classifier trained on
**{n_articles}** arXiv articles turns its output into a probability for each of arXiv’s eight groups. An article filed
under several groups counts for each of them, so an answer of several spheres can be right.

- The model learned from arXiv alone. A text of another kind still gets an answer, but with a note that it means little.
- English works best. A title alone says less than an abstract, and probabilities are estimates, not guarantees.
- Of a long text only the beginning is read; the answer says so.
- Your text stays with the server of this page and is not written to its disk. The page contacts no one else,
  except arXiv itself for an article given by its id or link.

Programs call `/classify`, where the threshold is what the probabilities add up to, and `/classify_file`; “Use via API”
below shows how.
""",
    gradio_labels={},
    busy="The server is busy: try again in a moment.",
    message_texts={},
)
