#include "cim/wql.h"

#include "base/error.h"
#include "cim/cim_error.h"
#include "cim/limits.h"
#include "cim/names.h"
#include "cim/wql_lexer.h"

#include <fmt/format.h>

namespace reviver::cim::wql {

namespace {

struct Symbol {
    std::string_view text;
    Relation relation;
    Relation turned;  // the same with its sides changed
};

constexpr Symbol symbols[] = {
    {"=", Relation::equal, Relation::equal},
    {"<>", Relation::unequal, Relation::unequal},
    {"!=", Relation::unequal, Relation::unequal},
    {"<", Relation::less, Relation::greater},
    {"<=", Relation::less_or_equal, Relation::greater_or_equal},
    {">", Relation::greater, Relation::less},
    {">=", Relation::greater_or_equal, Relation::less_or_equal},
};

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text), token_(lexer_.next()) {}

    Query parse() {
        Query query;
        if (take("select"))
            query = select();
        else if (take("associators"))
            query = neighbours(false);
        else if (take("references"))
            query = neighbours(true);
        else
            fail_query("it begins with none of SELECT, ASSOCIATORS, REFERENCES");
        if (token_.kind != Token::Kind::end) unexpected("the end");
        return query;
    }

  private:
    [[noreturn]] void unexpected(std::string_view wanted) const {
        if (token_.kind == Token::Kind::end) {
            fail_query(fmt::format("it ends where {} is expected", wanted));
        }
        fail_query(fmt::format("'{}' stands where {} is expected", token_.text, wanted));
    }

    Token advance() { return std::exchange(token_, lexer_.next()); }
    bool take(std::string_view word) {
        if (!token_.is(word)) return false;
        advance();
        return true;
    }
    void require(std::string_view word) {
        if (!take(word)) unexpected(word);
    }
    std::string name() {
        if (token_.kind != Token::Kind::name) unexpected("a name");
        return advance().text;
    }

    Select select() {
        Select result;
        if (!take("*")) {
            do result.properties.push_back(name());
            while (take(","));
        }
        require("from");
        result.from = name();
        if (take("where")) result.where = any(0);
        return result;
    }

    // Parts that `word` joins; a single one stands for itself.
    template <class Part>
    Condition joined(Condition::Kind kind, std::string_view word, Part part) {
        Condition first = part();
        if (!token_.is(word)) return first;
        Condition result{kind, {}, {}, {}, {}};
        result.parts.push_back(std::move(first));
        while (take(word)) result.parts.push_back(part());
        return result;
    }
    Condition any(std::size_t depth) {
        return joined(Condition::Kind::any, "or", [&] { return all(depth); });
    }
    Condition all(std::size_t depth) {
        return joined(Condition::Kind::all, "and", [&] { return factor(depth); });
    }

    Condition factor(std::size_t depth) {
        if (depth > limits::wql_depth_max) fail_query("it is nested too deeply");
        if (take("not")) return {Condition::Kind::negation, {factor(depth + 1)}, {}, {}, {}};
        if (!take("(")) return comparison();
        Condition inner = any(depth + 1);
        require(")");
        return inner;
    }

    Condition comparison() {
        Condition result;
        if (token_.kind != Token::Kind::name || is_constant()) {
            result.constant = constant();
            result.relation = relation().turned;
            result.property = name();
            return result;
        }
        result.property = name();
        if (take("is")) return null_test(std::move(result));
        if (take("not")) {
            require("like");
            result.relation = Relation::like;
            result.constant = text();
            return {Condition::Kind::negation, {std::move(result)}, {}, {}, {}};
        }
        if (take("like") || token_.is("isa")) {
            result.relation = take("isa") ? Relation::isa : Relation::like;
            result.constant = text();
            return result;
        }
        result.relation = relation().relation;
        result.constant = constant();
        return result;
    }

    static Condition null_test(Condition of, bool negated) {
        of.relation = Relation::null;
        if (!negated) return of;
        return {Condition::Kind::negation, {std::move(of)}, {}, {}, {}};
    }
    Condition null_test(Condition of) {
        const bool negated = take("not");
        require("null");
        return null_test(std::move(of), negated);
    }

    const Symbol& relation() {
        for (const Symbol& symbol : symbols) {
            if (take(symbol.text)) return symbol;
        }
        unexpected("a comparison");
    }

    bool is_constant() const {
        return token_.is("true") || token_.is("false") || token_.is("null");
    }
    Value constant() {
        if (take("true")) return true;
        if (take("false")) return false;
        if (take("null")) return {};
        if (token_.kind != Token::Kind::text && token_.kind != Token::Kind::number) {
            unexpected("a constant");
        }
        return advance().text;
    }
    Value text() {
        if (token_.kind != Token::Kind::text && token_.kind != Token::Kind::name) {
            unexpected("a string");
        }
        return advance().text;
    }

    Neighbours neighbours(bool associations) {
        require("of");
        if (token_.kind != Token::Kind::object) unexpected("{an object path}");
        Neighbours result;
        result.associations = associations;
        try {
            result.object = ObjectPath::parse(advance().text);
        } catch (const Error& error) {
            fail_query(error.what());
        }
        if (!take("where")) return result;
        do restrict(result);
        while (token_.kind != Token::Kind::end);
        return result;
    }

    void restrict(Neighbours& result) {
        const std::string keyword = name();
        AssociationFilter& filter = result.filter;
        if (same_name(keyword, "KeysOnly")) return;
        std::string* into = nullptr;
        if (same_name(keyword, "ResultClass"))
            into = result.associations ? &filter.association_class : &filter.result_class;
        else if (same_name(keyword, "Role"))
            into = &filter.role;
        else if (same_name(keyword, "AssocClass") && !result.associations)
            into = &filter.association_class;
        else if (same_name(keyword, "ResultRole") && !result.associations)
            into = &filter.result_role;
        if (!into) refuse_keyword(keyword);
        require("=");
        *into = text().as_string();
    }

    [[noreturn]] static void refuse_keyword(const std::string& keyword) {
        for (const char* known :
             {"ClassDefsOnly", "SchemaOnly", "RequiredQualifier", "RequiredAssocQualifier"}) {
            if (!same_name(keyword, known)) continue;
            throw CimError(Status::not_supported,
                           fmt::format("{} is not served in queries", known));
        }
        fail_query(fmt::format("there is no keyword {}", keyword));
    }

    Lexer lexer_;
    Token token_;
};

}  // namespace

Query parse(std::string_view text) {
    if (text.size() > limits::wql_chars_max) {
        fail_query(fmt::format("it has more than {} characters", limits::wql_chars_max));
    }
    return Parser(text).parse();
}

}  // namespace reviver::cim::wql
