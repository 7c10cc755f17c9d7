"""The web page and the endpoints beside it: what visitors see and what programs call.

`page.build_page` builds the page for each language out of `article_tab.ArticleTab`, `result_tabs.ResultTabs` and
`file_tab.FileTab`; `page.site` tells the server what it must know of it; `api.Endpoints` adds `/classify`,
`/classify_many` and `/classify_file`. `render` fills the markup of `templates/`, `i18n` reads the translations of
`locale/`, and `static/` has the page's own script and styles. The classifier is asked through
`spheres.inference.service.Service` alone.
"""
