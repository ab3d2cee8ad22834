from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from access.pages import throttled_login
from catalogue import api as catalogue_api
from config import health, metrics
from config.storages.media import media
from search.devices import api as device_api
from search.feedback import api as feedback_api
from search.web import api as search_api

# Its page brings a style of its own, and has no template for OPTIONS.
docs = require_safe(
    csp_update({"style-src": [UNSAFE_INLINE]})(
        SpectacularSwaggerSplitView.as_view(url_name="api:schema")
    )
)

api = [
    path("search/photo/", search_api.PhotoSearch.as_view(), name="search-photo"),
    path("search/words/", search_api.WordsSearch.as_view(), name="search-words"),
    path("search/code/", device_api.CodeSearch.as_view(), name="search-code"),
    path("search/", search_api.QuerySearch.as_view(), name="search"),
    path("products/", catalogue_api.ProductList.as_view(), name="products"),
    path("products/<int:pk>/", catalogue_api.ProductDetail.as_view(), name="product"),
    path(
        "products/<int:pk>/similar/",
        search_api.SimilarProducts.as_view(),
        name="similar",
    ),
    path("categories/", catalogue_api.CategoryList.as_view(), name="categories"),
    path("feedback/", feedback_api.GiveFeedback.as_view(), name="feedback"),
    path("encoder/", device_api.EncoderCard.as_view(), name="encoder"),
    path(
        "encoder/<str:fingerprint>/<str:name>",
        device_api.EncoderFile.as_view(),
        name="encoder-file",
    ),
    path("status/", search_api.Status.as_view(), name="status"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/login/", throttled_login(admin.site.login)),
    path("admin/", admin.site.urls),
    re_path(r"^media/(?P<path>.*)$", media),
    path("api/v1/", include((api, "api"))),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("catalogue.urls")),
    path("", include("search.urls")),
]
