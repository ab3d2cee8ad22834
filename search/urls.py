from django.urls import path
from django.views.generic import TemplateView

from search.feedback.views import give_feedback
from search.web import views
from search.web.why import why

urlpatterns = [
    path("search/", views.search, name="search"),
    path("search/suggestions/", views.suggest, name="suggest"),
    path("search/why/", why, name="why"),
    path("search/feedback/", give_feedback, name="give-feedback"),
    path("search/samples/<slug:name>.webp", views.sample, name="sample"),
    path(
        "privacy/",
        TemplateView.as_view(template_name="search/privacy.html"),
        name="privacy",
    ),
]
