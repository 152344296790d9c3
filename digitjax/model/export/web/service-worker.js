// Keeps the files of the page in the browser, so that it also works without a network.

const CACHE = "digitjax";
const FILES = [
  "./",
  "index.html",
  "style.css",
  "icon.svg",
  "model.onnx",
  "model.json",
  "runtime/ort.wasm.min.mjs",
  "runtime/ort-wasm-simd-threaded.mjs",
  "runtime/ort-wasm-simd-threaded.wasm",
  ...[
    "acceptance",
    "binarize",
    "canvas",
    "classifier",
    "components",
    "drawing",
    "grid",
    "main",
    "morphology",
    "normalize",
    "reader",
    "resize",
    "results",
    "segmentation",
  ].map((name) => `js/${name}.js`),
];

self.oninstall = (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));

// The network comes first, so that a new version is seen at once.
self.onfetch = (event) => {
  if (event.request.method === "GET") event.respondWith(fetchAndKeep(event));
};

async function fetchAndKeep(event) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(cache.put(event.request, response.clone()));
    return response;
  } catch (error) {
    const kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
