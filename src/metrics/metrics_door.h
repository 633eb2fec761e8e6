// GET /metrics: what Prometheus scrapes, with the account of a viewer (basic_auth of its scrape
// configuration). The figures are taken when they are asked for.
#pragma once

#include "metrics/site_figures.h"
#include "server/door.h"

#include <functional>

namespace reviver::metrics {

class MetricsDoor : public server::Door {
  public:
    // Asked by several tasks at once.
    using Figures = std::function<SiteFigures()>;
    explicit MetricsDoor(Figures figures) : figures_(std::move(figures)) {}

    unsigned refuse_before_body(const server::HttpRequest& header) const override;
    server::HttpReply refusal(unsigned status, const server::HttpRequest& header) const override;
    server::HttpReply handle(const server::HttpRequest& request,
                             const cim::Principal& who) override;

  private:
    Figures figures_;
};

}  // namespace reviver::metrics
