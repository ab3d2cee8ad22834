from django.urls import path, register_converter
from django.urls.converters import SlugConverter

from catalogue import views


class AnyScriptSlug(SlugConverter):
    r"""A slug in any script: `\w` is not ASCII alone."""

    regex = r"[-\w]+"


register_converter(AnyScriptSlug, "anyslug")

urlpatterns = [
    path("", views.home, name="home"),
    path("category/<anyslug:slug>/", views.category, name="category"),
    path("product/<int:pk>/<str:slug>/", views.product, name="product"),
]
