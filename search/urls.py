from django.urls import path

from search import views

urlpatterns = [
    path("search/", views.search, name="search"),
    path("search/samples/<slug:name>.webp", views.sample, name="sample"),
]
